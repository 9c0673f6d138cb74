import { describe, expect, it } from "vitest";
import { profileOf } from "../../src/ptmalloc/profile.ts";
import {
  endedOtherwise,
  endThreads,
  type LastExits,
  lastExits,
} from "../../src/replay/last-exits.ts";
import { modelFor } from "../../src/replay/recorded-process.ts";
import { Replay } from "../../src/replay/replay.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { LastCalls, type LikelyExit } from "../../src/trace/order/last-calls.ts";
import { analyse, scenario } from "../support/corpus.ts";
import { LoggedProgram } from "../support/model-log.ts";
import { originOf, prepare } from "../support/prepared-log.ts";

/**
 * Threads that end after the last pointer that can show it (ptmalloc2.md §6.4, §12.5). The chunks in thread 2's tcache pin
 * the top of its heap: its exit returns some 580 KiB.
 */
const HEAP = 0x5555_5555_7000;
const THREAD_HEAP = 0x7fff_f000_0000;
const CHUNK = 1008;
const addresses = Array.from({ length: 600 }, (_, i) => THREAD_HEAP + 0xb70 + i * CHUNK);
const malloc = (tid: number, size: number, pointer: number) =>
  `${tid} malloc(${size}) = 0x${pointer.toString(16)}`;
const free = (tid: number, pointer: number) => `${tid} free(0x${pointer.toString(16)})`;

const MAIN = malloc(1, 1000, HEAP + 0x2a0);
const MAIN_NULL = free(1, 0);
const THREAD = [
  ...addresses.map((pointer) => malloc(2, 1000, pointer)),
  ...[...addresses].reverse().map((pointer) => free(2, pointer)),
];
const LAST_FREES = [free(2, 0), free(2, 0)];

function reportOf(...lines: string[]): Report {
  return analyse(Buffer.from(`${lines.join("\n")}\n`), {
    model: true,
    whatIfs: [scenario("padded", { MALLOC_TOP_PAD_: "65536" }, false)],
    recordedWith: {},
    glibc: "2.36",
    cpus: 2,
    hostCpus: 2,
    touch: "all",
    thp: null,
  });
}

const living = reportOf(MAIN, MAIN_NULL, ...THREAD);
const ended = reportOf(MAIN, MAIN_NULL, ...THREAD, "2 thread_exit()");
const ends = ({ scenarios }: Report) => scenarios.map(({ rss }) => rss.endBytes);
const given = ends(living).map((bytes, i) => bytes - ends(ended)[i]!);

it("a thread whose last calls are those of an exit has ended, under each setting; the range covers that it lives", () => {
  expect(Math.min(...given)).toBeGreaterThan(400 * 1024);
  const { model, scenarios } = reportOf(MAIN, MAIN_NULL, ...THREAD, ...LAST_FREES);
  expect(model?.fidelity.ratio).toBe(1);
  expect(model?.inferred).toMatchObject({ threadExits: 1, lastExits: 1 });
  expect(scenarios.map(({ rss }) => rss.endBytes)).toEqual(ends(ended));
  expect(scenarios.map(({ rss }) => rss.highBytes)).toEqual(ends(living));
  expect(scenarios.map(({ rss }) => rss.spread.exitsBytes)).toEqual(given);
});

it("a thread whose last calls are others has not ended, and the range is empty", () => {
  const { model, scenarios } = living;
  expect(model?.inferred).toMatchObject({ threadExits: 0, lastExits: 0 });
  for (const { rss } of scenarios) {
    expect(rss.spread.exitsBytes).toBe(0);
  }
});

it("a thread lives on if the hook leaves out free(NULL), and the range covers that it ended", () => {
  const { model, scenarios } = reportOf(MAIN, ...THREAD);
  expect(model?.inferred.lastExits).toBe(0);
  expect(scenarios.map(({ rss }) => rss.endBytes)).toEqual(ends(living));
  expect(scenarios.map(({ rss }) => rss.lowBytes)).toEqual(ends(ended));
  expect(scenarios.map(({ rss }) => rss.spread.exitsBytes)).toEqual(given);
});

it("no exit is inferred if the log has thread_exit lines", () => {
  const { model } = reportOf(
    MAIN,
    ...THREAD,
    ...LAST_FREES,
    malloc(1, 1000, HEAP + 0x690),
    "3 thread_exit()",
  );
  expect(model?.inferred).toMatchObject({ threadExits: 0, lastExits: 0 });
});

describe("the threads that may have ended by the log's end", () => {
  function exitsOf(glibc: string, ...lines: string[]): LastExits {
    const calls = new LastCalls();
    const { work, first } = prepare(lines).batches[0]!;
    calls.read(work.batch, work.actions, first, null);
    return lastExits(calls, profileOf(glibc)!);
  }
  const threadsOf = (exits: readonly LikelyExit[]) => exits.map(({ thread }) => thread);

  it("have ended if their last calls are as many free(NULL) as the glibc makes", () => {
    const lines = [MAIN, malloc(2, 1000, addresses[0]!), malloc(3, 1000, addresses[1]!)];
    const once = exitsOf("2.31", ...lines, free(2, 0), free(3, 0), free(3, 0));
    expect([threadsOf(once.ended), once.open]).toEqual([[1, 2], []]);
    // Two since 2.35.
    const twice = exitsOf("2.36", ...lines, free(2, 0), free(3, 0), free(3, 0));
    expect([threadsOf(twice.ended), twice.open]).toEqual([[2], []]);
  });

  it("are all uncertain if the hook leaves out free(NULL)", () => {
    const { ended, open } = exitsOf("2.36", MAIN, malloc(2, 1000, addresses[0]!));
    expect([ended, threadsOf(open)]).toEqual([[], [1]]);
  });
});

describe("the end of threads", () => {
  const exit = (thread: number, sure: boolean): LikelyExit => ({ thread, last: 1, frees: 2, sure });

  /** A what-if of a log of three threads, each with a block. */
  function finished(): Replay {
    const p = new LoggedProgram("2.36");
    p.malloc(100);
    p.thread().malloc(100);
    p.thread().malloc(100);
    const replay = new Replay(modelFor(originOf("2.36"), null));
    const { work } = prepare(p.lines).batches[0]!;
    replay.run(work, 0, work.batch.length);
    return replay;
  }
  const threadsOf = ({ model }: Replay) => model.threads.all().map(({ index }) => index);

  it("is that of threads that still exist in the replay", () => {
    const replay = finished();
    replay.exitThread(1);
    expect(endThreads(replay, { ended: [exit(1, true), exit(2, true)], open: [] })).toBe(1);
    expect(threadsOf(replay)).toEqual([0]);
  });

  it("is the opposite in another replay if it is uncertain", () => {
    const replay = finished();
    const exits = { ended: [exit(1, false)], open: [exit(2, false)] };
    const otherwise = endedOtherwise(replay, exits);
    expect(threadsOf(otherwise!)).toEqual([0, 1]);
    // The last block's write is applied there.
    expect(otherwise!.rss.pages[0]!.length).toBe(3);
    expect(threadsOf(replay)).toEqual([0, 1, 2]);
  });

  it("is the same in the other replay where it is certain", () => {
    const exits = { ended: [exit(1, true), exit(2, false)], open: [] };
    expect(threadsOf(endedOtherwise(finished(), exits)!)).toEqual([0, 2]);
  });

  it("needs no other replay if all are certain, or ended before", () => {
    expect(endedOtherwise(finished(), { ended: [exit(1, true)], open: [] })).toBeNull();
    const replay = finished();
    replay.exitThread(2);
    expect(endedOtherwise(replay, { ended: [exit(2, false)], open: [] })).toBeNull();
  });
});
