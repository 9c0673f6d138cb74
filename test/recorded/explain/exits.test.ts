import { describe, expect, it } from "vitest";
import {
  exitsBefore,
  postponedExits,
  type ThreadSet,
} from "../../../src/recorded/explain/exits.ts";
import { RecentPast } from "../../../src/recorded/explain/past.ts";
import { KeptWork } from "../../../src/replay/peak/kept-works.ts";
import { Action } from "../../../src/trace/actions.ts";
import { guidedReplay, originOf, prepare } from "../../support/prepared-log.ts";

/** A past of calls by these tids, in batches of so many; thread 0 is the first to call. */
function pastOf(tids: readonly number[], eventsPerBatch = 1000, skipped = 0): RecentPast {
  const lines = tids.map((tid) => `${tid} free(0x0)`);
  const past = new RecentPast();
  for (const { work, first, next } of prepare(lines, eventsPerBatch).batches.slice(skipped)) {
    past.keep(guidedReplay(originOf("2.36")), new KeptWork(work), first, [], next);
  }
  return past;
}

function setOf(threads: readonly number[]): ThreadSet {
  return { has: (thread) => threads.includes(thread), indices: () => threads };
}

/** The exits as "thread before event". */
function exits(
  past: RecentPast,
  mismatch: number,
  suspects: number[],
  threads: number[],
): string[] {
  return exitsBefore(past, mismatch, suspects, setOf(threads)).map(
    ({ thread, before }) => `${thread} before ${before}`,
  );
}

describe("the exits that may explain a mismatch", () => {
  /** threads 0 1 1 0 2 2 0 1 */
  const TIDS = [10, 11, 11, 10, 12, 12, 10, 11];

  it("come after each call that a call of another thread follows, latest first, then before the past", () => {
    expect(exits(pastOf(TIDS), 8, [1], [])).toEqual(["1 before 8", "1 before 3", "1 before -1"]);
  });

  it("come before the mismatch", () => {
    expect(exits(pastOf(TIDS), 7, [1], [])).toEqual(["1 before 3", "1 before -1"]);
    expect(exits(pastOf(TIDS), 2, [1], [])).toEqual(["1 before 2", "1 before -1"]);
  });

  it("are those of suspects first, in their order, then those of the other threads", () => {
    expect(exits(pastOf(TIDS), 7, [2, 1], [0, 1, 2])).toEqual([
      "2 before 6",
      "2 before -1",
      "1 before 3",
      "1 before -1",
    ]);
    expect(exits(pastOf(TIDS), 8, [2], [0, 1, 2])).toEqual([
      "2 before 6",
      "2 before -1",
      "1 before 8",
      "1 before 3",
    ]);
  });

  it("are of the thread that went silent last before others that are no suspects", () => {
    // Threads 1, 2 and 3; the main thread never ends.
    const past = pastOf([10, 11, 12, 13, 12, 10]);
    expect(exits(past, 6, [], [0, 1, 2, 3])).toEqual([
      "2 before 5",
      "2 before 3",
      "3 before 4",
      "3 before -1",
      "1 before 2",
      "1 before -1",
    ]);
  });

  it("reach through all batches of the past, and no further", () => {
    const tids = [10, 11, 10, 11, 10, 11];
    expect(exits(pastOf(tids, 2), 6, [1], [])).toEqual([
      "1 before 6",
      "1 before 4",
      "1 before 2",
      "1 before -1",
    ]);
    // The first batch is settled: an exit in it is one before the past.
    expect(exits(pastOf(tids, 2, 1), 6, [1], [])).toEqual([
      "1 before 6",
      "1 before 4",
      "1 before 1",
    ]);
  });

  it("are six of each of twelve suspects at most, and two of each of 24 others", () => {
    const threads = Array.from({ length: 60 }, (_, thread) => thread);
    // Ten rounds in which each thread calls once.
    const past = pastOf(Array.from({ length: 600 }, (_, i) => 10 + (i % 60)));
    const suspects = threads.slice(1, 21);
    const found = exitsBefore(past, 600, suspects, setOf(threads));
    const count = (thread: number) => found.filter((one) => one.thread === thread).length;
    expect(threads.slice(1, 13).map(count)).toEqual(new Array(12).fill(6));
    const others = threads.filter((thread) => thread === 0 || thread > 12).map(count);
    expect(others.filter((n) => n === 2)).toHaveLength(24);
    expect(others.filter((n) => n !== 0 && n !== 2)).toEqual([]);
  });
});

describe("a postponed exit", () => {
  /** threads 0 1 0 0 1 0; thread 1 ends before event 2, and its id speaks again at event 4 */
  function past(): RecentPast {
    const kept = pastOf([10, 11, 10, 10, 11, 10]);
    kept.batches[0]!.work.actions.action.fill(Action.malloc);
    kept.insertions = [{ kind: "exit", thread: 1, before: 2 }];
    return kept;
  }
  const { profile } = originOf("2.36");

  it("moves beyond the mismatch, then beyond each event at which a trial fails, up to its id's next call", () => {
    const kept = past();
    const places: number[] = [];
    for (const { before } of postponedExits(kept, 2, profile)) {
      places.push(before);
      kept.failedAt = before;
    }
    expect(places).toEqual([3, 4]);
  });

  it("has no other place where a trial fails before it", () => {
    const kept = past();
    kept.failedAt = 2;
    expect([...postponedExits(kept, 2, profile)].map(({ before }) => before)).toEqual([3]);
  });

  it("is one before the mismatch only", () => {
    expect([...postponedExits(past(), 1, profile)]).toEqual([]);
  });
});
