import { expect, test } from "vitest";
import { resampled, sparkline } from "../../src/report/text/sparkline.ts";

test("each part has the largest value of the points that overlap it", () => {
  const series = { values: [1, 5, 2, 0, 7], eventsPerPoint: 10 };
  expect(resampled(series, 50, 5)).toEqual([1, 5, 2, 0, 7]);
  expect(resampled(series, 50, 2)).toEqual([5, 7]);
  expect(resampled(series, 50, 10)).toEqual([1, 1, 5, 5, 2, 2, 0, 0, 7, 7]);
});

test("a series that ends before the log is 0 there, however long the log is", () => {
  // A loop over its events would not end.
  const events = Number.MAX_SAFE_INTEGER;
  expect(resampled({ values: [], eventsPerPoint: 1 }, events, 3)).toEqual([0, 0, 0]);
  expect(sparkline({ values: [], eventsPerPoint: 1 }, events, 3, 1)).toBe("");
});
