import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SETTINGS, SHAPES, type Shape, sequencesOf } from "./arbitraries.ts";
import {
  MAIN,
  placeOf,
  RealOp,
  type RealRun,
  type RunOptions,
  realGlibc,
  runReal,
  type Sequence,
  type Step,
} from "./glibc-driver.ts";

const real = realGlibc();
const skipped = real.available ? "" : ` (skipped: ${real.reason})`;
const is236 = real.available && real.glibc === "2.36";
const skippedExamples =
  !real.available || is236 ? skipped : ` (skipped: this is glibc ${real.glibc})`;

/** A program written as it would be in C, each block a number. */
class Program {
  readonly steps: Step[] = [];
  #slots = 0;

  malloc(size: number, thread = MAIN): number {
    return this.#into("malloc", size, 0, thread);
  }
  calloc(size: number): number {
    return this.#into("calloc", size, 1, MAIN);
  }
  memalign(align: number, size: number, thread = MAIN): number {
    return this.#into("memalign", size, align, thread);
  }
  realloc(block: number, size: number): void {
    this.#push("realloc", block, size, 0, MAIN);
  }
  free(block: number, thread = MAIN): void {
    this.#push("free", block, 0, 0, thread);
  }
  trim(pad = 0): void {
    this.#push("mallocTrim", 0, pad, 0, MAIN);
  }
  sbrk(increment: number): void {
    this.#push("sbrk", 0, increment, 0, MAIN);
  }
  start(thread: number): void {
    this.#push("threadStart", thread, 0, 0, MAIN);
  }
  exit(thread: number): void {
    this.#push("threadExit", thread, 0, 0, MAIN);
  }

  #into(op: Step["op"], size: number, align: number, thread: number): number {
    const slot = this.#slots++;
    this.#push(op, slot, size, align, thread);
    return slot;
  }
  #push(op: Step["op"], slot: number, size: number, align: number, thread: number): void {
    this.steps.push({ op, thread, slot, size, align });
  }
}

interface Outcome {
  readonly run: RealRun;
  /**
   * what the program's own calls returned: "2a0" in main's heap, "A+b70" in the first arena heap to appear, "mmap+10"
   * and "null"
   */
  readonly results: string;
  /** break at the end, from the start break, in hexadecimal */
  readonly brk: string;
}

function play(
  write: (program: Program) => void,
  options: RunOptions & Pick<Sequence, "stacks"> = {},
): Outcome {
  const program = new Program();
  write(program);
  const { stacks = "own", ...runOptions } = options;
  const [run] = runReal([{ steps: program.steps, stacks }], runOptions);
  expect(run!.outcome).toBe("finished");
  return {
    run: run!,
    results: results(run!, program.steps),
    brk: (run!.endBreak - run!.startBreak).toString(16),
  };
}

function results(run: RealRun, steps: readonly Step[]): string {
  const heaps: number[] = [];
  const said: string[] = [];
  for (let i = 0; i < run.events.count; i++) {
    if (run.events.op[i]! > RealOp.pvalloc) {
      continue;
    }
    if (steps[run.events.step[i]!]!.op === "threadStart") {
      continue; // libc's own
    }
    said.push(inWords(run, i, heaps));
  }
  return said.join(" ");
}

function inWords(run: RealRun, index: number, heaps: number[]): string {
  const place = placeOf(run, index);
  switch (place.kind) {
    case "null":
      return "null";
    case "main":
      return place.offset.toString(16);
    case "mmapped":
      return `mmap+${place.offset.toString(16)}`;
    case "heap":
      if (!heaps.includes(place.heap)) {
        heaps.push(place.heap);
      }
      return `${String.fromCharCode(65 + heaps.indexOf(place.heap))}+${place.offset.toString(16)}`;
  }
}

/** Sizes of the mmapped chunks returned, in order. */
function mappedSizes(run: RealRun): string[] {
  return Array.from(run.events.chunkWord)
    .filter((word) => (word & 2) !== 0)
    .map((word) => (word - 2).toString(16));
}

const pages = (list: Uint32Array) => Array.from(list);

describe.skipIf(!is236)(
  `worked examples of ptmalloc2.md §11.2 on the real glibc${skippedExamples}`,
  () => {
    it("1: first pointers, a mapping, the dynamic threshold, growth of the break", () => {
      const first = play((p) => {
        for (const size of [24, 24, 1000, 1033]) {
          p.malloc(size);
        }
      });
      expect(first.results).toBe("2a0 2c0 2e0 6d0");
      expect(first.brk).toBe("21000");
      expect(pages(first.run.main.residentPages)).toEqual([0]);
      const second = play((p) => {
        for (const size of [24, 24, 1000, 1033]) {
          p.malloc(size);
        }
        p.free(p.malloc(200_000));
        p.malloc(100_000);
        p.malloc(40_000);
      });
      expect(second.results).toBe("2a0 2c0 2e0 6d0 mmap+10 af0 191a0");
      expect(mappedSizes(second.run)).toEqual(["31000"]);
      expect(second.brk).toBe("43000");
    });

    it("2: the tcache is last in, first out", () => {
      const { results } = play((p) => {
        const [a, b] = [p.malloc(24), p.malloc(24)];
        p.free(a);
        p.free(b);
        p.malloc(24);
        p.malloc(24);
      });
      expect(results).toBe("2a0 2c0 2c0 2a0");
    });

    const nineFreed = (p: Program) => {
      const blocks = Array.from({ length: 9 }, () => p.malloc(24));
      for (const block of blocks) {
        p.free(block);
      }
    };

    it("3: the tcache, then the fastbin with its stash", () => {
      const { results } = play((p) => {
        nineFreed(p);
        for (let i = 0; i < 9; i++) {
          p.malloc(24);
        }
      });
      expect(results.split(" ").slice(9).join(" ")).toBe("360 340 320 300 2e0 2c0 2a0 3a0 380");
    });

    it("4: calloc passes the tcache by", () => {
      const { results } = play((p) => {
        nineFreed(p);
        for (let i = 0; i < 3; i++) {
          p.calloc(24);
        }
        p.malloc(24);
      });
      expect(results.split(" ").slice(9).join(" ")).toBe("3a0 380 3c0 360");
    });

    it("5: two merged chunks, a split, a remainder too small", () => {
      const { results } = play((p) => {
        const blocks = Array.from({ length: 9 }, () => p.malloc(200));
        p.malloc(24);
        for (const block of blocks) {
          p.free(block);
        }
        for (const size of [200, 300, 150]) {
          p.malloc(size);
        }
      });
      expect(results.split(" ").slice(9).join(" ")).toBe("9f0 780 850 a10");
    });

    it("6: the last remainder", () => {
      const { results } = play((p) => {
        const block = p.malloc(1500);
        p.malloc(24);
        p.free(block);
        for (const size of [1000, 300, 100, 24]) {
          p.malloc(size);
        }
      });
      expect(results).toBe("2a0 890 2a0 690 7d0 840");
    });

    it("7: a small free disturbs the last remainder", () => {
      const { results } = play((p) => {
        const big = p.malloc(2000);
        p.malloc(24);
        const small = p.malloc(300);
        p.malloc(24);
        const seven = Array.from({ length: 7 }, () => p.malloc(300));
        for (const block of seven) {
          p.free(block);
        }
        p.free(big);
        p.malloc(1000);
        p.free(small);
        p.malloc(200);
        p.malloc(150);
      });
      expect(results.split(" ").slice(0, 4).join(" ")).toBe("2a0 a80 aa0 be0");
      expect(results.split(" ").slice(-3).join(" ")).toBe("2a0 aa0 690");
    });

    it("8: order in unsorted and large bins", () => {
      const { results } = play((p) => {
        const big = [5000, 5000, 5008, 6000].map((size) => {
          const block = p.malloc(size);
          p.malloc(24);
          return block;
        });
        for (const block of big) {
          p.free(block);
        }
        for (const size of [4990, 4990, 100, 100]) {
          p.malloc(size);
        }
      });
      const all = results.split(" ");
      expect([all[0], all[2], all[4], all[6]]).toEqual(["2a0", "1650", "2a00", "3dc0"]);
      expect(all.slice(-4).join(" ")).toBe("2a0 1650 2a00 2a70");
    });

    it("9: a shrinking realloc gives its tail to the tcache", () => {
      const { results } = play((p) => {
        p.realloc(p.malloc(1000), 100);
        p.malloc(800);
        p.malloc(880);
      });
      expect(results).toBe("2a0 2a0 690 310");
    });

    it("10: memalign before any malloc, and in freed chunks", () => {
      const first = play((p) => {
        p.memalign(64, 100);
        p.malloc(24);
        p.malloc(40);
      });
      expect(first.results).toBe("40 380 10");
      const second = play((p) => {
        const a = p.malloc(2000);
        p.malloc(24);
        const b = p.malloc(2000);
        p.malloc(24);
        p.free(a);
        p.free(b);
        p.memalign(256, 500);
        p.memalign(256, 500);
        p.malloc(1000);
      });
      expect(second.results.split(" ").slice(-3).join(" ")).toBe("b00 e00 2a0");
    });

    it("11: the dynamic threshold and trimming of the top", () => {
      const grow = (p: Program) => {
        p.free(p.malloc(1_000_000));
        p.free(p.malloc(1_000_000));
      };
      const kept = play(grow);
      expect(mappedSizes(kept.run)).toEqual(["f5000"]);
      expect(kept.results).toBe("mmap+10 2a0");
      expect(kept.brk).toBe("115000");
      const two = (frees: number) =>
        play((p) => {
          grow(p);
          const blocks = [p.malloc(1_000_000), p.malloc(990_000)];
          for (const block of blocks.slice(0, frees)) {
            p.free(block);
          }
        });
      expect(two(0).results).toBe("mmap+10 2a0 2a0 f44f0");
      expect([two(0).brk, two(1).brk, two(2).brk]).toEqual(["207000", "207000", "21000"]);
    });

    it("12: a foreign sbrk", () => {
      const trimmed = play(
        (p) => {
          p.malloc(100);
          p.sbrk(4096);
          p.malloc(140_000);
          p.malloc(140_000);
        },
        { env: { MALLOC_MMAP_THRESHOLD_: "1000000" } },
      );
      expect(trimmed.results).toBe("2a0 null 22010");
      expect(trimmed.brk).toBe("65000");
      const after = play(
        (p) => {
          p.malloc(100);
          p.sbrk(4096);
          p.malloc(140_000);
          p.malloc(140_000);
          p.malloc(24);
        },
        { env: { MALLOC_MMAP_THRESHOLD_: "1000000" } },
      );
      expect(after.results).toBe("2a0 null 22010 310");
      const plain = play((p) => {
        p.malloc(100);
        p.sbrk(4096);
        for (const size of [60_000, 60_000, 60_000, 24]) {
          p.malloc(size);
        }
      });
      expect(plain.results).toBe("2a0 310 ed80 22010 1d7f0");
      expect(plain.brk).toBe("52000");
    });

    it("13: threads, an arena handed on, the DTV kept with its stack", () => {
      const twoThreads = (p: Program) => {
        p.malloc(100);
        p.start(1);
        for (const size of [100, 100, 2000]) {
          p.malloc(size, 1);
        }
        p.exit(1);
        p.start(2);
        p.malloc(50, 2);
      };
      const { results, run } = play(
        (p) => {
          twoThreads(p);
          p.malloc(20);
        },
        { stacks: "nptl" },
      );
      expect(results).toBe("2a0 A+b70 A+be0 A+c50 A+1430 430");
      expect(run.heaps.map((heap) => heap.size.toString(16))).toEqual(["21000"]);
      const grown = (before: (p: Program) => void) =>
        play(
          (p) => {
            before(p);
            for (let i = 0; i < 3; i++) {
              p.malloc(60_000, 2);
            }
          },
          { stacks: "nptl" },
        ).run.heaps.map((heap) => [heap.size.toString(16), pages(heap.residentPages)]);
      expect(grown(twoThreads)).toEqual([["2e000", [0, 1, 15, 30, 45]]]);
      const twoSmall = (p: Program) => {
        p.start(2);
        p.malloc(100, 2);
        p.malloc(100, 2);
      };
      expect(grown(twoSmall)).toEqual([["2d000", [0, 15, 30, 44]]]);
    });

    it("14: an arena's heap shrinks", () => {
      const { results, run } = play((p) => {
        p.start(1);
        for (let i = 0; i < 3; i++) {
          p.malloc(100, 1);
        }
        const big = [1, 2, 3].map(() => p.malloc(100_000, 1));
        for (const block of big) {
          p.free(block, 1);
        }
      });
      expect(results).toBe("A+b70 A+be0 A+c50 A+cc0 A+19370 A+31a20");
      const [heap] = run.heaps;
      expect(heap!.size.toString(16)).toBe("21000");
      expect(heap!.mprotectSize.toString(16)).toBe("4b000");
      expect(pages(heap!.residentPages)).toEqual([0, 25]);
    });

    it("15: an arena's second heap", () => {
      const until = (count: number) =>
        play((p) => {
          p.start(1);
          for (let i = 0; i < count; i++) {
            p.malloc(120_000, 1);
          }
        });
      expect(until(559).run.heaps).toHaveLength(1);
      const { results, run } = until(560); // #559, counted from 0
      expect(results.split(" ").at(-1)).toBe("B+40");
      expect(run.heaps.find((heap) => heap.prev !== 0)!.size.toString(16)).toBe("3e000");
    });

    it("16: arenas shared when no more may be made", () => {
      const { results } = play(
        (p) => {
          for (let t = 1; t <= 8; t++) {
            p.start(t);
          }
          for (let t = 1; t <= 8; t++) {
            p.malloc(100, t);
          }
        },
        { env: { MALLOC_ARENA_MAX: "3" } },
      );
      const arenas = results.split(" ").map((place) => (place.includes("+") ? place[0] : "main"));
      expect(arenas).toEqual(["A", "B", "main", "B", "A", "main", "B", "A"]);
    });

    it("17: malloc_trim", () => {
      const three = (rest: (p: Program, blocks: number[]) => void) =>
        play(
          (p) => {
            const blocks = [1, 2, 3].map(() => p.malloc(20_000));
            p.malloc(24);
            p.free(blocks[1]!);
            p.trim();
            rest(p, blocks);
          },
          { touch: "all" },
        );
      const once = three(() => {});
      expect(once.results.split(" ").at(-1)).toBe("ed30");
      expect(pages(once.run.main.residentPages)).toEqual([0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14]);
      expect(once.brk).toBe("f000");
      const twice = three((p, blocks) => {
        p.free(blocks[0]!);
        p.free(blocks[2]!);
        p.trim();
      });
      expect(pages(twice.run.main.residentPages)).toEqual([0, 14]);
      expect(twice.brk).toBe("f000");
    });

    it("18: pages of blocks never written", () => {
      const resident = (write: (p: Program) => void) => pages(play(write).run.main.residentPages);
      expect(resident((p) => p.malloc(40_000))).toEqual([0, 9]);
      const two = (p: Program) => {
        const first = p.malloc(40_000);
        p.malloc(20_000);
        return first;
      };
      expect(resident(two)).toEqual([0, 9, 14]);
      expect(
        resident((p) => {
          p.free(two(p));
          p.malloc(30_000);
        }),
      ).toEqual([0, 7, 9, 14]);
    });

    it("19: realloc of a mapping", () => {
      const { results, run } = play((p) => {
        const block = p.malloc(200_000);
        for (const size of [300_000, 100_000, 1000]) {
          p.realloc(block, size);
        }
      });
      expect(results).toBe("mmap+10 mmap+10 mmap+10 mmap+10");
      expect(mappedSizes(run)).toEqual(["31000", "4a000", "19000", "1000"]);
      expect(run.mapped.map(({ bytes, residentPages }) => [bytes, pages(residentPages)])).toEqual([
        [4096, [0]],
      ]);
    });

    it("20: memalign in a mapping", () => {
      const { results, run } = play((p) => {
        for (const align of [32, 64, 4096]) {
          p.memalign(align, 200_000);
        }
      });
      expect(results).toBe("mmap+40 mmap+40 mmap+0");
      const aligned = run.events.pointerOut[2]!;
      expect(run.mapped.map((mapping) => mapping.base)).toContain(aligned - 4096);
    });

    it("21: a heap deleted while it is made", () => {
      const env = { MALLOC_MMAP_THRESHOLD_: "33554432", MALLOC_TRIM_THRESHOLD_: "33554432" };
      const deleted = play(
        (p) => {
          p.malloc(24);
          p.start(1);
          p.malloc(30_000_000, 1);
          p.malloc(29_000_000, 1);
          p.free(p.malloc(5_000_000, 1), 1);
          for (const size of [9_000_000, 24, 100]) {
            p.malloc(size, 1);
          }
        },
        { env },
      );
      expect(deleted.results).toBe("2a0 A+b70 A+1c9cf00 A+3845050 3e0 A+3845050 A+3845070");
      const kept = play(
        (p) => {
          p.malloc(24);
          p.start(1);
          for (const size of [30_000_000, 29_000_000, 5_000_000, 9_000_000, 24]) {
            p.malloc(size, 1);
          }
        },
        { env },
      );
      expect(kept.results).toBe("2a0 A+b70 A+1c9cf00 A+3845050 B+40 A+3d09ba0");
      expect(kept.run.heaps.find((heap) => heap.prev !== 0)!.size.toString(16)).toBe("8b6000");
    });

    it("22: a block of another arena in the tcache", () => {
      const { results } = play((p) => {
        const blocks = Array.from({ length: 10 }, () => p.malloc(100));
        p.start(1);
        p.free(blocks[3]!, 1);
        p.malloc(100, 1);
        p.malloc(100, 1);
      });
      expect(results.split(" ")[3]).toBe("3f0");
      expect(results.split(" ").slice(-2).join(" ")).toBe("3f0 A+b70");
    });

    it("23: a series of memaligns", () => {
      const { results } = play((p) => {
        p.malloc(24);
        p.memalign(64, 40);
        p.memalign(64, 40);
        p.malloc(24);
        p.malloc(40);
        p.memalign(64, 40);
        p.memalign(128, 1000);
        p.malloc(64);
      });
      expect(results).toBe("2a0 2c0 380 360 400 480 500 430");
    });

    it("24: memalign within a freed chunk", () => {
      const { results } = play((p) => {
        p.malloc(24);
        const block = p.malloc(5000);
        p.malloc(24);
        p.free(block);
        p.memalign(4096, 100);
        p.malloc(1000);
        p.memalign(32, 3000);
        p.malloc(100);
      });
      expect(results).toBe("2a0 2c0 1650 1000 2c0 16a0 1360");
    });

    it("26: the first request of a thread sizes its heap, or is mmapped", () => {
      const plain = play((p) => {
        p.start(1);
        p.malloc(1_000_000, 1);
      });
      expect(plain.results).toBe("mmap+10");
      expect(mappedSizes(plain.run)).toEqual(["f5000"]);
      const aligned = play((p) => {
        p.start(1);
        p.memalign(64, 1_000_000, 1);
      });
      expect(aligned.results).toBe("A+900");
    });

    it("T21: an odd initial break", () => {
      const { run } = play((p) => {
        p.sbrk(0x2b);
        p.malloc(24);
      });
      expect(run.events.pointerOut[1]! - run.startBreak).toBe(0x2d0);
      expect(run.endBreak - run.startBreak).toBe(0x22000);
    });
  },
);

/** A run's events with addresses made comparable between processes. */
function comparable(run: RealRun): Record<string, unknown> {
  const { count, op, thread, size, align, step, chunkWord, brk } = run.events;
  const heaps: number[] = [];
  return {
    columns: [op, thread, size, align, step, chunkWord].map((column) => Array.from(column)),
    places: Array.from({ length: count }, (_, i) => inWords(run, i, heaps)),
    breaks: Array.from(brk, (b) => b - run.startBreak),
    mallinfo: run.mallinfo,
    resident: [run.main, ...run.heaps].map((region) => pages(region.residentPages)),
  };
}

const sample = (shape: Shape, programs: number): Sequence[] =>
  fc.sample(sequencesOf(shape, { programs }), { numRuns: 1, seed: 7 })[0]!;

describe.skipIf(!real.available)(`glibc driver${skipped}`, () => {
  it.each([SHAPES.mixed, SHAPES.threads, SHAPES.manyHeaps] as Shape[])(
    "gives a forked sequence the same heap as a freshly exec'ed one: $name",
    (shape) => {
      for (const sequence of sample(shape, 3)) {
        const options = { env: shape.env ?? {} };
        // between two others, so that neither the parent's age nor a neighbour shows
        const forked = runReal([sequence, sequence, sequence], options).map(comparable);
        const [direct] = runReal([sequence], { ...options, direct: true }).map(comparable);
        for (const run of forked) {
          expect(run).toEqual(direct);
        }
      }
    },
  );

  it("gives the same heap when started through ld.so, as another glibc is", () => {
    const loader = "/lib64/ld-linux-x86-64.so.2";
    const maps = readFileSync("/proc/self/maps", "latin1");
    const libc = /(\/\S+)\/libc\.so\.6$/m.exec(maps)![1]!;
    const [sequence] = sample(SHAPES.threads, 1);
    const [own] = runReal([sequence!]).map(comparable);
    const through = { loader: { program: loader, libraryPath: libc } };
    expect(runReal([sequence!], through).map(comparable)).toEqual([own]);
    expect(runReal([sequence!], { ...through, direct: true }).map(comparable)).toEqual([own]);
  });

  it("records what libc allocates and frees for a thread, and the exit before the joiner's free", () => {
    const { run } = play((p) => {
      p.start(1);
      p.free(p.malloc(24, 1), 1);
      p.exit(1);
    });
    const { op, thread, size, align } = run.events;
    const told = Array.from(op, (code, i) => [code, thread[i], size[i], align[i]]);
    const { calloc, threadStart, malloc, free, threadExit } = RealOp;
    expect(told).toEqual([
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

  it("tells how a sequence died, and keeps its events", () => {
    const steps: Step[] = [
      { op: "malloc", thread: 0, slot: 0, size: 100, align: 0 },
      // an odd step back: takes the top's end away
      { op: "sbrk", thread: 0, slot: 0, size: -0x21000, align: 0 },
      { op: "malloc", thread: 0, slot: 1, size: 100, align: 0 },
    ];
    const [died, fine] = runReal([{ steps }, { steps: steps.slice(0, 1) }]);
    expect(died!.outcome).toEqual({ died: "signal 11", step: 2 });
    expect(died!.events.count).toBe(2);
    expect(fine!.outcome).toBe("finished");
  });

  it("refuses a sequence that runs a thread which does not exist", () => {
    const step: Step = { op: "malloc", thread: 3, slot: 0, size: 1, align: 0 };
    expect(() => runReal([{ steps: [step] }])).toThrow("step 0 (malloc): thread 3 is not running");
  });

  it("passes sizes of more than 32 bits and negative ones on", () => {
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
    // realloc copies all 20 pages of a block never written: the copy has pages of its own, the original has not
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
  it.each(Object.values(SHAPES) as Shape[])(
    "run to their end, with 500 calls or more: $name",
    (shape) => {
      const sequences = sample(shape, 20);
      const calls = sequences.map(({ steps }) => steps.length);
      expect(Math.min(...calls)).toBeGreaterThanOrEqual(500);
      for (const run of runReal(sequences, { env: shape.env ?? {} })) {
        expect(run.outcome).toBe("finished");
      }
    },
  );

  it.each(SETTINGS)("run to their end under %o", (env) => {
    for (const shape of [SHAPES.mixed, SHAPES.threads]) {
      for (const run of runReal(sample(shape, 10), { env, touch: "all" })) {
        expect(run.outcome).toBe("finished");
      }
    }
  });

  it("shrink to what is needed to fail", () => {
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
