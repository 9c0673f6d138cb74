import { describe, expect, it } from "vitest";
import { ADDR, GRANULE, MAPPED, STATE } from "../../src/ptmalloc/chunks.ts";
import {
  bitOf,
  PLANE_ALL,
  PLANE_NONE,
  PLANE_POLICY,
  RATIO_PLANES,
} from "../../src/ptmalloc/resident.ts";
import type { Guide } from "../../src/replay/guide.ts";
import { modelFor } from "../../src/replay/recorded-process.ts";
import { Replay } from "../../src/replay/replay.ts";
import { REPLAY } from "../../src/replay/replay-state.ts";
import { originOf, prepare, replayPart } from "../support/prepared-log.ts";

const PAGE = 4096;
/** any pointer: a what-if does not look at them */
const A = "0x555555559010";
const B = "0x555555559080";

/** A what-if under glibc 2.23, which has no tcache, of a log of one thread unless the lines have tids. */
function whatIf(
  lines: readonly string[],
  { settings = {}, trimEvery = Number.POSITIVE_INFINITY, glibc = "2.23", cpus = 2 } = {},
) {
  const { batches } = prepare(lines.map((line) => (/^\d/.test(line) ? line : `1 ${line}`)));
  const part = batches[0]!;
  const { work } = part;
  const replay = new Replay(modelFor(originOf(glibc, settings, cpus), null), trimEvery);
  return { replay, work, run: (from = 0, to?: number) => replayPart(replay, part, from, to) };
}

/** Offset of the block's first byte in the heap. */
function offsetOf(replay: Replay, block: number): number {
  return (replay.model.chunks.words[replay.chunkOf(block) + ADDR]! + 1) * GRANULE;
}

describe("a call", () => {
  it.each([
    ["malloc(100)", 0x10],
    ["calloc(1, 100)", 0x10],
    ["realloc(0x0, 100)", 0x10],
    ["memalign(64, 100)", 0x40],
    ["valloc(100)", 0x1000],
    ["pvalloc(100)", 0x1000],
  ])("%s is served by the model", (call, offset) => {
    const { replay, run } = whatIf([`${call} = ${A}`]);
    run();
    expect(offsetOf(replay, 0)).toBe(offset);
  });

  it("free and realloc are of the block that the log names", () => {
    const { replay, run } = whatIf([
      `malloc(100) = ${A}`,
      `malloc(100) = ${B}`,
      `free(${A})`,
      // The heap's end can grow in place.
      `realloc(${B}, 200) = ${A}`,
    ]);
    run(0, 3);
    expect([replay.chunkOf(0), replay.model.inUseBytes]).toEqual([0, 112]);
    run(3);
    expect([offsetOf(replay, 1), replay.model.inUseBytes]).toEqual([0x80, 208]);
  });

  it("frees a block first whose free the log has lost", () => {
    const { replay, run } = whatIf([`malloc(100) = ${A}`, `malloc(100) = ${A}`]);
    run();
    expect([offsetOf(replay, 0), replay.model.inUseBytes]).toEqual([0x10, 112]);
  });

  it("mallopt, malloc_trim and thread_exit change the model", () => {
    const { replay, run } = whatIf([
      `1 malloc(100) = ${A}`,
      "1 mallopt(-3, 64) = 1",
      // The top holds the first of the two; the other one is mapped.
      `1 malloc(100000) = ${B}`,
      "1 malloc(100000) = 0x55555557a010",
      "2 malloc(100) = 0x7ffff0000010",
      "2 thread_exit()",
      "1 malloc_trim(0)",
    ]);
    run(0, 6);
    const { brk } = replay.model.systemCalls;
    run(6);
    expect(replay.model.chunks.words[replay.chunkOf(2) + STATE]).toBe(MAPPED);
    expect(replay.model.threads.all().map(({ index }) => index)).toEqual([0]);
    expect(replay.model.systemCalls.brk).toBe(brk + 1);
  });

  it("without an effect in the ledger does nothing", () => {
    const { replay, run } = whatIf(["free(0x0)", "mark(x)", `free(${A})`]);
    run();
    expect([replay.model.inUseBytes, replay.state.event]).toEqual([0, 3]);
  });
});

describe("a call that the model cannot serve", () => {
  /** 40 GiB, which no heap can hold, and nothing may be mapped. */
  const HUGE = { settings: { MALLOC_MMAP_MAX_: "0" } };

  it("is counted, and its block is freed without effect", () => {
    const { replay, run } = whatIf([`malloc(42949672960) = ${A}`, `free(${A})`], HUGE);
    run();
    expect([replay.state.failedCalls, replay.chunkOf(0)]).toEqual([1, 0]);
  });

  it("leaves a block that a realloc allocates anew", () => {
    const { replay, run } = whatIf(
      [`malloc(42949672960) = ${A}`, `realloc(${A}, 100) = ${B}`],
      HUGE,
    );
    run();
    expect([replay.state.failedCalls, offsetOf(replay, 0)]).toEqual([1, 0x10]);
  });

  it("frees the block that a realloc could not move, as the log's program has lost it", () => {
    const { replay, run } = whatIf(
      [`malloc(100) = ${A}`, `realloc(${A}, 42949672960) = ${B}`],
      HUGE,
    );
    run();
    expect([replay.state.failedCalls, replay.chunkOf(0), replay.model.inUseBytes]).toEqual([
      1, 0, 0,
    ]);
  });
});

describe("the program's writes", () => {
  const policyPages = (replay: Replay) => replay.model.resident.pagesIn(PLANE_POLICY);

  it("count from the next event on", () => {
    const { replay, run } = whatIf([`malloc(200000) = ${A}`, "free(0x0)"]);
    run(0, 1);
    replay.probe();
    expect(policyPages(replay)).toBe(1);
    run(1);
    replay.probe();
    // 200016 bytes with the header.
    expect(policyPages(replay)).toBe(49);
    expect(replay.rss.probes.map((pages) => pages[bitOf(PLANE_POLICY)])).toEqual([1, 49]);
  });

  it("count in the peak of their own event", () => {
    const { replay, run } = whatIf([`malloc(200000) = ${A}`, `free(${A})`]);
    run();
    replay.finish();
    const series = replay.rss.pages[bitOf(PLANE_POLICY)]!;
    expect([series.points(), series.peakEvent]).toEqual([[49, 0], 0]);
  });

  it("are complete at the log's end", () => {
    const { replay, run } = whatIf([`malloc(200000) = ${A}`]);
    run();
    replay.finish();
    expect(policyPages(replay)).toBe(49);
  });

  it("precede the exit of a thread", () => {
    const { replay, run } = whatIf([`1 malloc(100) = ${A}`, `2 malloc(200000) = ${B}`]);
    run();
    const before = policyPages(replay);
    replay.exitThread(1);
    expect(policyPages(replay) - before).toBe(48);
  });
});

describe("what the log states of a block's bytes", () => {
  /** A block of 50 pages in a mapping, of which the replay has yet to write all. */
  function block() {
    const { replay, run } = whatIf([`malloc(${50 * PAGE}) = ${A}`]);
    run();
    const pages = () => {
      const { pages: all } = replay.model.resident;
      return [PLANE_POLICY, PLANE_ALL, PLANE_NONE].map((plane) => all[bitOf(plane)]);
    };
    return { replay, pages };
  }

  it("is written or not, after the policy's write", () => {
    const { replay, pages } = block();
    replay.learn(0, [], [10 * PAGE, 20 * PAGE]);
    // The pages between lie 16 bytes off: nine of them are wholly inside.
    expect(pages()).toEqual([51 - 9, 51, 1]);
    replay.learn(0, [10 * PAGE, 15 * PAGE], []);
    expect(pages()).toEqual([51 - 4, 51, 1]);
  });

  it("is nothing for a block without a chunk", () => {
    const { replay, pages } = block();
    replay.learn(7, [], [0, PAGE]);
    expect(pages()).toEqual([1, 1, 1]);
  });

  it("holds in the planes of the ratios, too", () => {
    const { replay } = block();
    const ratios = () => {
      const { pages } = replay.model.resident;
      return [...pages].filter((_, bit) => RATIO_PLANES & (1 << bit));
    };
    replay.learn(0, [], [0, 50 * PAGE]);
    // The first page holds the header.
    expect(ratios()).toEqual([1, 1, 1, 1, 1]);
  });
});

describe("memory outside the model", () => {
  it("counts in every plane, and follows the latest figure", () => {
    const { replay } = whatIf(["free(0x0)"]);
    const figures = () => [
      replay.model.resident.pagesIn(PLANE_NONE),
      replay.model.resident.pagesIn(PLANE_ALL),
      replay.model.systemBytes / PAGE,
    ];
    replay.holdOutside(10 * PAGE - 1);
    expect(figures()).toEqual([10, 10, 10]);
    replay.holdOutside(4 * PAGE);
    expect(figures()).toEqual([4, 4, 4]);
  });
});

describe("the scenario's malloc_trim", () => {
  const at = (seconds: number) => `1 00:00:${seconds.toFixed(6).padStart(9, "0")} mark(x)`;

  function trimsOf(every: number, ...times: number[]): number[] {
    const { replay, run, work } = whatIf(["1 mark(x)", ...times.map(at)], { trimEvery: every });
    const trims: number[] = [];
    const due = () => replay.model.core.attached.f64[REPLAY.nextTrim]!;
    for (let i = 0; i < work.batch.length; i++) {
      const before = due();
      run(i, i + 1);
      if (!Number.isNaN(before) && due() !== before) {
        trims.push(i - 1);
      }
    }
    return trims;
  }

  it("comes first one period after the first event with a time", () => {
    expect(trimsOf(5, 1, 5.9, 6, 7)).toEqual([2]);
  });

  it("comes every so many seconds of log time", () => {
    expect(trimsOf(5, 0, 5, 6, 10, 14, 15)).toEqual([1, 3, 5]);
  });

  it("comes once where the log's time jumps over several periods", () => {
    expect(trimsOf(5, 0, 23, 24, 25)).toEqual([1, 3]);
  });

  it("does not come without a period", () => {
    expect(trimsOf(Number.POSITIVE_INFINITY, 0, 23, 59)).toEqual([]);
  });
});

describe("the first thread that has to share an arena", () => {
  const LINES = [
    `1 malloc(100) = ${A}`,
    "2 malloc(100) = 0x7ffff0000010",
    "3 free(0x0)",
    "3 malloc(100) = 0x7ffff0000080",
    "4 malloc(100) = 0x7ffff00000f0",
  ];

  it("is reported once, before its call", () => {
    const { replay, run } = whatIf(LINES, { settings: { MALLOC_ARENA_MAX: "2" } });
    const reported: number[] = [];
    replay.onArenaReuse = (i) => {
      reported.push(i);
      expect(replay.model.inUseBytes).toBe(2 * 112);
    };
    run();
    expect([reported, replay.onArenaReuse]).toEqual([[3], null]);
  });

  it("is not reported where every thread gets an arena", () => {
    const { replay, run } = whatIf(LINES, { settings: { MALLOC_ARENA_MAX: "4" } });
    replay.onArenaReuse = () => expect.unreachable();
    run();
    expect(replay.onArenaReuse).not.toBeNull();
  });
});

describe("a guide", () => {
  it("is called where it watches, and decides where a block lies that the core does not place", () => {
    const { replay, run, work } = whatIf([
      `malloc(100) = ${A}`,
      "free(0x10)",
      `malloc(100) = ${B}`,
    ]);
    const calls: string[] = [];
    const policyPages = () => replay.model.resident.pagesIn(PLANE_POLICY);
    let first = 0;
    const guide: Guide = {
      expectPointer: () => expect.unreachable(),
      showMappingStart: () => expect.unreachable(),
      watched: () => ({
        siblings: true,
        aboveBreak: true,
        cutPointers: false,
        calls: true,
        frees: true,
        pointEnd: 2,
      }),
      collect: () => {},
      beforeEvent: (given, i) => {
        expect(given).toBe(work);
        calls.push(`before event ${i}`);
      },
      beforeCall: (_, i) => {
        calls.push(`call ${i}`);
      },
      freeUnlogged: (_, i) => {
        calls.push(`no effect ${i}`);
      },
      place: (c, _, i) => {
        calls.push(`place ${i}, ${replay.state.event}`);
        // The second block is not served.
        first = i === 0 ? c : first;
        return i === 0 ? c : 0;
      },
      closePoint: () => {
        calls.push(`after 2 events: ${policyPages()} pages`);
      },
    };
    replay.guide = guide;
    run();
    replay.finish();
    expect(calls).toEqual([
      "call 0",
      "place 0, 1",
      "no effect 1",
      "after 2 events: 1 pages",
      "call 2",
      "place 2, 3",
    ]);
    expect([replay.chunkOf(0), replay.chunkOf(1)]).toEqual([first, 0]);
    expect(replay.state.failedCalls).toBe(1);
  });
});
