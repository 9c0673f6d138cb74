import { expect, test } from "vitest";
import { steadyTimes } from "../../src/report/html/steady-times.ts";

test.each([
  ["unknown", [null, null]],
  ["known in part", [0, null]],
  ["falling", [2, 1]],
  ["constant", [3, 3]],
  ["none", []],
  ["later than a run that began again", [0, 1, 2, 0, 1, 2]],
  ["set back by more than a thread waits", [0, 10, 9.8, 20]],
  ["late by most of a short run", [0, 0.05, 0.01, 0.06]],
])("times that are %s make no axis", (_, times) => {
  expect(steadyTimes(times)).toBeNull();
});

test("a late line takes the time of those before it", () => {
  expect(steadyTimes([0, 0.4, 0.399_996, 0.44, 0.412, 0.442])).toEqual([
    0, 0.4, 0.4, 0.44, 0.44, 0.442,
  ]);
});

test("times that rise are the axis, from any start", () => {
  expect(steadyTimes([-1, 0, 0, 2.5])).toEqual([-1, 0, 0, 2.5]);
});
