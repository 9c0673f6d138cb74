import { describe, expect, it } from "vitest";
import { strip } from "../../../fixtures/strip.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { analyse, scenario } from "../../support/corpus.ts";
import { realGlibc, runReal } from "../../support/glibc-driver.ts";
import { MAIN, RealOp, type Step } from "../../support/glibc-program.ts";
import type { RealRun } from "../../support/glibc-run.ts";
import { chance, logOfRun } from "../../support/real-log.ts";

/**
 * Programs that call sbrk themselves (ptmalloc2.md §12.7), on this machine's glibc. Their logs do not contain these calls;
 * the reports are compared with what the processes measured at their end.
 */
const glibc = realGlibc();
if (!glibc.available) {
  it.skip(`a break that the program moves itself: ${glibc.reason}`);
}

interface Shape {
  readonly seed: number;
  readonly calls: number;
  /** bytes of one sbrk in this many calls, at a chance */
  readonly moves: readonly number[];
  readonly oneIn: number;
  /** part of the calls that free a block */
  readonly freeing: number;
}

/** A program that grows its heap by small and medium blocks, and calls sbrk now and then. */
function program({ seed, calls, moves, oneIn, freeing }: Shape): Step[] {
  const random = chance(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const steps: Step[] = [];
  const step = (op: Step["op"], slot: number, size: number, align = 0) =>
    steps.push({ op, thread: MAIN, slot, size, align });
  for (let slot = 0; slot < calls; slot++) {
    if (slot > 0 && below(oneIn) === 0) {
      step("sbrk", 0, moves[below(moves.length)]!);
    }
    const kind = random();
    const size = random() < 0.1 ? below(100_000) : below(2000);
    if (kind < freeing) {
      step("free", below(slot + 1), 0);
    } else if (kind < freeing + 0.1) {
      step("calloc", slot, size, 1);
    } else if (kind < freeing + 0.2) {
      step("realloc", below(slot + 1), size);
    } else {
      step("malloc", slot, size);
    }
  }
  return steps;
}

function realRun(steps: readonly Step[]): RealRun {
  const [run] = runReal([{ steps }], { touch: "all" });
  if (run?.outcome !== "finished") {
    throw new Error("the program did not finish");
  }
  return run;
}

function reportOf(log: Buffer, whatIfs = [scenario("trimmed", {}, true)]): Report {
  return analyse(log, {
    model: true,
    whatIfs,
    recordedWith: {},
    glibc: glibc.available ? glibc.glibc : "auto",
    cpus: 2,
    hostCpus: 2,
    touch: "all",
    thp: null,
  });
}

/** Bytes by which the program moved the break below its highest block: no pointer shows moves above it. */
function movedBytes({ events }: RealRun): number {
  const highest = Math.max(...events.pointerOut.subarray(0, events.count));
  let sum = 0;
  for (let i = 0; i < events.count; i++) {
    if (events.op[i] === RealOp.sbrk && events.pointerOut[i]! < highest) {
      sum += events.size[i]!;
    }
  }
  return sum;
}

/** The report's figures of the process, and the measured ones. */
function bothOf(run: RealRun) {
  const { model, scenarios } = reportOf(logOfRun(run));
  const [recorded] = scenarios;
  if (model === null || recorded === undefined) {
    throw new Error("no model");
  }
  const { foreignSbrks, foreignSbrkBytes, unloggedBytes } = model.inferred;
  const { compared, equal } = model.fidelity;
  const reported = {
    foreignSbrkBytes,
    unloggedBytes,
    rss: recorded.rss.endBytes,
    system: recorded.system.endBytes,
    mallinfo: { ...recorded.mallinfo2, usmblks: 0 },
  };
  const { mallinfo, main, mapped } = run;
  const pages = [main, ...mapped].reduce((sum, { residentPages }) => sum + residentPages.length, 0);
  const real = {
    foreignSbrkBytes: movedBytes(run),
    unloggedBytes: 0,
    rss: pages * 4096,
    // glibc counts what others put between its stretches (§3.8).
    system: mallinfo.arena + mallinfo.hblkhd,
    mallinfo: { ...mallinfo, usmblks: 0 },
  };
  return { reported, real, unforeseen: compared - equal, moves: foreignSbrks };
}

const SEEDS = Array.from({ length: 14 }, (_, i) => 11 + i);
const GROWING: Omit<Shape, "seed"> = {
  calls: 4000,
  moves: [65536, 4096, 2 ** 27],
  oneIn: 300,
  freeing: 0.05,
};

describe.skipIf(!glibc.available)("a break that the program moves itself", () => {
  it("is inferred where the heap grows on, and all other figures are as measured, to the byte", () => {
    for (const seed of SEEDS) {
      const { reported, real, unforeseen, moves } = bothOf(realRun(program({ seed, ...GROWING })));
      expect(reported).toEqual(real);
      expect(moves).toBeGreaterThan(3);
      expect(unforeseen).toBe(moves);
    }
  });

  it("is distinguished from the trims that it prevented", () => {
    // If the model's top has to grow after such a trim, it consolidates its fastbins, and the process does not.
    let exact = 0;
    for (const seed of SEEDS) {
      const { reported, real } = bothOf(realRun(program({ seed, ...GROWING, freeing: 0.35 })));
      if (JSON.stringify(reported) === JSON.stringify(real)) {
        exact++;
      }
      expect(Math.abs(reported.rss / real.rss - 1)).toBeLessThan(0.02);
    }
    expect(exact).toBeGreaterThanOrEqual(SEEDS.length - 2);
  });

  it("is inferred if it is not a multiple of a page, too", () => {
    for (const seed of SEEDS) {
      const shape = { ...GROWING, moves: [1000, 43, 70001], oneIn: 600 };
      const { reported, real, moves } = bothOf(realRun(program({ seed, ...shape })));
      const { foreignSbrkBytes, ...rest } = reported;
      expect({ ...rest, foreignSbrkBytes: real.foreignSbrkBytes }).toEqual(real);
      // malloc's top begins at the next multiple of 16; a pointer shows no more.
      const rounding = foreignSbrkBytes - real.foreignSbrkBytes;
      expect(rounding).toBeGreaterThanOrEqual(0);
      expect(rounding).toBeLessThan(16 * moves);
    }
  });

  it("is inferred from pointers cut to 32 bits", () => {
    const run = realRun(program({ seed: 12, ...GROWING, moves: [65536, 4096] }));
    const whole = logOfRun(run).toString("latin1");
    const [cut, uncut] = [strip(whole, ["cut"]), whole].map((log) => reportOf(Buffer.from(log)));
    expect(cut?.trace.pointerBits).toBe(32);
    expect(cut?.model?.inferred).toEqual(uncut?.model?.inferred);
    expect(cut?.scenarios).toEqual(uncut?.scenarios);
  });

  it("may move back in part", () => {
    const step = (op: Step["op"], slot: number, size: number): Step => ({
      op,
      thread: MAIN,
      slot,
      size,
      align: 0,
    });
    const blocks = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => step("malloc", from + i, 10_000));
    const run = realRun([
      ...blocks(0, 2),
      step("sbrk", 0, 131072),
      ...blocks(2, 2),
      step("sbrk", 0, -65536),
      ...blocks(4, 40),
    ]);
    const { reported, real, unforeseen, moves } = bothOf(run);
    expect(reported).toEqual({ ...real, foreignSbrkBytes: 65536 });
    expect([unforeseen, moves]).toEqual([1, 1]);
  });

  it("moves in the what-ifs, too", () => {
    const run = realRun(program({ seed: 12, ...GROWING }));
    const settings = { MALLOC_TOP_PAD_: "1048576" };
    const { scenarios } = reportOf(logOfRun(run), [scenario("padded", settings, false)]);
    const [padded] = runReal([{ steps: program({ seed: 12, ...GROWING }) }], {
      touch: "all",
      env: settings,
    });
    const [, whatIf] = scenarios;
    expect(whatIf?.rss.endBytes).toBe((padded?.main.residentPages.length ?? 0) * 4096);
    expect(whatIf?.system.endBytes).toBe(padded?.mallinfo.arena);
  });

  it("is not inferred where blocks are missing in the log", () => {
    for (const seed of SEEDS.slice(0, 4)) {
      const log = logOfRun(realRun(program({ seed, ...GROWING, oneIn: 1e9 })));
      const lines = log.toString("latin1").split("\n");
      const random = chance(seed);
      const some = lines.filter(() => random() > 0.02).join("\n");
      const late = lines.slice(lines.length * 0.3).join("\n");
      for (const text of [some, late]) {
        expect(reportOf(Buffer.from(text)).model?.inferred.foreignSbrks).toBe(0);
      }
    }
  });
});
