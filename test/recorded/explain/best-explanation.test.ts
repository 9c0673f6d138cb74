import { expect, it } from "vitest";
import { bestExplanation } from "../../../src/recorded/explain/best-explanation.ts";
import type { Bounds } from "../../../src/recorded/explain/explanation.ts";
import { RecentPast } from "../../../src/recorded/explain/past.ts";
import type { Exit } from "../../../src/replay/insertions.ts";
import { KeptWork } from "../../../src/replay/peak/kept-works.ts";
import { LoggedProgram } from "../../support/model-log.ts";
import { guidedReplay, originOf, prepare } from "../../support/prepared-log.ts";

const exit = (before: number): Exit => ({ kind: "exit", thread: 1, before });

/** Thread 1 ends before event 4, unseen, and the main thread then takes the three blocks that it had cached. */
function pastOf(): RecentPast {
  const p = new LoggedProgram("2.36", { MALLOC_ARENA_MAX: "1" });
  p.malloc(100);
  const ending = p.thread();
  ending.malloc(100, "a");
  p.malloc(100);
  ending.free("a");
  ending.exit(false);
  p.malloc(100);
  p.malloc(100);
  const past = new RecentPast();
  const replay = guidedReplay(originOf("2.36", { MALLOC_ARENA_MAX: "1" }));
  for (const { work, first, next, logged } of prepare(p.lines).batches) {
    past.keep(replay, new KeptWork(work), first, logged, next);
  }
  return past;
}

const BOUNDS: Bounds = {
  mismatch: 4,
  allowed: 0,
  mustHold: 1,
  best: { next: Number.POSITIVE_INFINITY, mismatches: 1 },
};

it("is the first that leaves no mismatch; no other is tried then", () => {
  const past = pastOf();
  const tried: number[] = [];
  function* exits(): Generator<Exit> {
    for (const before of [1, 4, 3]) {
      tried.push(before);
      yield exit(before);
    }
  }
  const best = bestExplanation(past, exits(), BOUNDS, () => false);
  expect(best?.explanation).toEqual(exit(4));
  expect(best?.guided.judge.mismatches).toBe(0);
  expect(tried).toEqual([1, 4]);
});

it("is none where all fail, or when the budget is used up", () => {
  expect(bestExplanation(pastOf(), [exit(1), exit(5)], BOUNDS, () => false)).toBeNull();
  expect(bestExplanation(pastOf(), [exit(4)], BOUNDS, () => true)).toBeNull();
});
