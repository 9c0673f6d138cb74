import { expect, it } from "vitest";
import { CutSizes } from "../../src/recorded/explain/cut-sizes.ts";
import { fidelity } from "../../src/recorded/fidelity.ts";
import { RecordedRun } from "../../src/recorded/recorded-run.ts";
import type { Divergence } from "../../src/report/contract/report.ts";
import { guidedReplay, originOf } from "../support/prepared-log.ts";

const at = (event: number): Divergence => ({
  event,
  line: event + 10,
  expected: "the log's place",
  modelled: "the model's place",
});

function runWith(compared: number, matched: number, first: Divergence | null = null): RecordedRun {
  const run = new RecordedRun(guidedReplay(originOf("2.36")));
  Object.assign(run.judge.state, { compared, matched });
  run.state.firstDivergence = first;
  return run;
}

function cutSizes(unforeseen: number, firstDivergence: Divergence | null): CutSizes {
  return Object.assign(new CutSizes(), { unforeseen, firstDivergence });
}

it("is 1 where no call returned a pointer", () => {
  const none = { compared: 0, equal: 0, ratio: 1, firstDivergence: null };
  expect(fidelity(runWith(0, 0), new CutSizes())).toEqual(none);
});

it("does not count pointers that match only because of an inference", () => {
  const run = runWith(100, 98);
  run.state.inferredExits = 3;
  expect(fidelity(run, new CutSizes())).toMatchObject({ compared: 100, equal: 95, ratio: 0.95 });
});

it("counts a block whose size was cut as a mismatch", () => {
  expect(fidelity(runWith(100, 98), cutSizes(8, at(5)))).toMatchObject({ equal: 90, ratio: 0.9 });
  expect(fidelity(runWith(10, 3), cutSizes(8, at(5)))).toMatchObject({ equal: 0, ratio: 0 });
});

it("names the earlier of the first mismatch and the first cut size", () => {
  const firstOf = (mismatch: Divergence | null, cut: Divergence | null) =>
    fidelity(runWith(10, 9, mismatch), cutSizes(1, cut)).firstDivergence;
  expect(firstOf(at(7), at(5))).toEqual(at(5));
  expect(firstOf(at(4), at(5))).toEqual(at(4));
  expect(firstOf(null, at(5))).toEqual(at(5));
  expect(firstOf(null, null)).toBeNull();
});
