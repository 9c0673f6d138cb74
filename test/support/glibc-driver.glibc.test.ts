import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { realGlibc, runReal } from "./glibc-driver.ts";
import { RealOp, type Sequence, type Step } from "./glibc-program.ts";
import { placeOf, type RealRun } from "./glibc-run.ts";
import { pages, placeText, play } from "./play-program.ts";
import { sequencesOf } from "./random-programs/sequences.ts";
import { SETTINGS, SHAPES, type Shape } from "./random-programs/shapes.ts";

const real = realGlibc();
const skipped = real.available ? "" : ` (skipped: ${real.reason})`;

/** A run's events, with addresses that compare between processes. */
function comparable(run: RealRun): Record<string, unknown> {
  const { count, op, thread, size, align, step, chunkWord, brk } = run.events;
  const heaps: number[] = [];
  return {
    columns: [op, thread, size, align, step, chunkWord].map((column) => Array.from(column)),
    places: Array.from({ length: count }, (_, i) => placeText(run, i, heaps)),
    breaks: Array.from(brk, (b) => b - run.startBreak),
    mallinfo: run.mallinfo,
    resident: [run.main, ...run.heaps].map((region) => pages(region.residentPages)),
  };
}

const sample = (shape: Shape, programs: number): Sequence[] =>
  fc.sample(sequencesOf(shape, { programs }), { numRuns: 1, seed: 7 })[0]!;

describe.skipIf(!real.available)(`glibc driver${skipped}`, () => {
  it.each([SHAPES.mixed, SHAPES.threads, SHAPES.manyHeaps] as Shape[])(
    "a forked sequence gets the same heap as a newly exec'ed one: $name",
    (shape) => {
      for (const sequence of sample(shape, 3)) {
        const options = { env: shape.env ?? {} };
        // between two others: neither the parent's age nor a neighbour may make a difference
        const forked = runReal([sequence, sequence, sequence], options).map(comparable);
        const [direct] = runReal([sequence], { ...options, direct: true }).map(comparable);
        for (const run of forked) {
          expect(run).toEqual(direct);
        }
      }
    },
  );

  it("started through ld.so, as another glibc is, the heap is the same", () => {
    const loader = "/lib64/ld-linux-x86-64.so.2";
    const maps = readFileSync("/proc/self/maps", "latin1");
    const libc = /(\/\S+)\/libc\.so\.6$/m.exec(maps)![1]!;
    const [sequence] = sample(SHAPES.threads, 1);
    const [own] = runReal([sequence!]).map(comparable);
    const through = { loader: { program: loader, libraryPath: libc } };
    expect(runReal([sequence!], through).map(comparable)).toEqual([own]);
    expect(runReal([sequence!], { ...through, direct: true }).map(comparable)).toEqual([own]);
  });

  it("records libc's own calls for a thread, and the exit before the joiner's free", () => {
    const { run } = play((p) => {
      p.start(1);
      p.free(p.malloc(24, 1), 1);
      p.exit(1);
    });
    const { op, thread, size, align } = run.events;
    const recorded = Array.from(op, (code, i) => [code, thread[i], size[i], align[i]]);
    const { calloc, threadStart, malloc, free, threadExit } = RealOp;
    expect(recorded).toEqual([
      [calloc, 0, 272, 16],
      [threadStart, 1, 0, 0],
      [malloc, 1, 24, 0],
      [free, 1, 0, 0],
      [threadExit, 1, 0, 0],
      [free, 0, 0, 0],
    ]);
  });

  it("lets any thread start and join any other", () => {
    const step = (op: Step["op"], thread: number, slot: number): Step => ({
      op,
      thread,
      slot,
      size: 50,
      align: 0,
    });
    const [run] = runReal([
      {
        steps: [
          step("threadStart", 0, 1),
          step("threadStart", 1, 2),
          step("malloc", 2, 0),
          step("threadExit", 2, 1),
          step("free", 2, 0),
        ],
      },
    ]);
    expect(run!.outcome).toBe("finished");
    expect(Array.from(run!.events.op).filter((op) => op === RealOp.threadExit)).toHaveLength(1);
  });

  it("reports how a sequence died, and keeps its events", () => {
    const steps: Step[] = [
      { op: "malloc", thread: 0, slot: 0, size: 100, align: 0 },
      // moves the break back, below the end of the top chunk
      { op: "sbrk", thread: 0, slot: 0, size: -0x21000, align: 0 },
      { op: "malloc", thread: 0, slot: 1, size: 100, align: 0 },
    ];
    const [died, fine] = runReal([{ steps }, { steps: steps.slice(0, 1) }]);
    expect(died!.outcome).toEqual({ died: "signal 11", step: 2 });
    expect(died!.events.count).toBe(2);
    expect(fine!.outcome).toBe("finished");
  });

  it("refuses a sequence whose step has a thread that does not run", () => {
    const step: Step = { op: "malloc", thread: 3, slot: 0, size: 1, align: 0 };
    expect(() => runReal([{ steps: [step] }])).toThrow("step 0 (malloc): thread 3 is not running");
  });

  it("passes on sizes of more than 32 bits, and negative ones", () => {
    const [run] = runReal([
      {
        steps: [
          { op: "malloc", thread: 0, slot: 0, size: 2 ** 63, align: 0 },
          { op: "mallopt", thread: 0, slot: 0, size: 4096, align: -3 },
          { op: "sbrk", thread: 0, slot: 0, size: 8192, align: 0 },
          { op: "sbrk", thread: 0, slot: 0, size: -4096, align: 0 },
          { op: "malloc", thread: 0, slot: 1, size: 5 * 2 ** 32, align: 0 },
        ],
      },
    ]);
    expect(Array.from(run!.events.size)).toEqual([2 ** 63, 4096, 8192, -4096, 5 * 2 ** 32]);
    expect(Array.from(run!.events.align)).toEqual([0, -3, 0, 0, 0]);
    expect(placeOf(run!, 0).kind).toBe("null");
    expect(run!.endBreak - run!.startBreak).toBeGreaterThan(4096);
    expect(placeOf(run!, 4).kind).toBe("mmapped");
  });

  it("does not count pages that were only read", () => {
    // realloc copies all 20 pages of a block never written: the copy becomes resident, the original does not
    const { run } = play((p) => {
      const block = p.malloc(80_000);
      p.malloc(24);
      p.realloc(block, 90_000);
    });
    if (!run.residencyExact) {
      return;
    }
    const resident = pages(run.main.residentPages);
    expect(resident.filter((page) => page > 0 && page < 19)).toEqual([]);
    expect(resident.filter((page) => page >= 20).length).toBeGreaterThan(18);
  });
});

describe.skipIf(!real.available)(`random programs on the real glibc${skipped}`, () => {
  it.each(Object.values(SHAPES) as Shape[])("finish, with 500 calls or more: $name", (shape) => {
    const sequences = sample(shape, 20);
    const calls = sequences.map(({ steps }) => steps.length);
    expect(Math.min(...calls)).toBeGreaterThanOrEqual(500);
    for (const run of runReal(sequences, { env: shape.env ?? {} })) {
      expect(run.outcome).toBe("finished");
    }
  });

  it.each(SETTINGS)("finish under %o", (env) => {
    for (const shape of [SHAPES.mixed, SHAPES.threads]) {
      for (const run of runReal(sample(shape, 10), { env, touch: "all" })) {
        expect(run.outcome).toBe("finished");
      }
    }
  });

  it("shrink to the calls that make them fail", () => {
    // "fails" when a chunk of 100 KiB or more comes from a non-main arena
    const property = fc.property(sequencesOf(SHAPES.oneArena, { programs: 4 }), (sequences) =>
      runReal(sequences).every((run) =>
        run.events.chunkWord.every((word) => (word & 6) !== 4 || word < 100 * 1024),
      ),
    );
    const details = fc.check(property, { numRuns: 5, seed: 3 });
    expect(details.failed).toBe(true);
    const [smallest] = details.counterexample![0];
    expect(smallest!.steps.map((step) => step.op)).toHaveLength(2);
    expect(smallest!.steps[1]!.size).toBeLessThan(101 * 1024);
  }, 120_000);
});
