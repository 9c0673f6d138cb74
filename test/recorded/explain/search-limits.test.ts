import { expect, it } from "vitest";
import { hasFailed, isOverBudget } from "../../../src/recorded/explain/search-limits.ts";

it("the search pauses after eight failures, and one more per 4096 events", () => {
  expect([hasFailed(7, 0), hasFailed(8, 4095)]).toEqual([false, true]);
  expect([hasFailed(8, 4096), hasFailed(10, 8192)]).toEqual([false, true]);
});

it("its budget grows with the log, and with each explanation found", () => {
  expect([isOverBudget(100e6, 0, 0), isOverBudget(100e6 + 1, 0, 0)]).toEqual([false, true]);
  expect([isOverBudget(200e6, 1e6, 0), isOverBudget(200e6 + 1, 1e6, 0)]).toEqual([false, true]);
  expect([isOverBudget(200e6, 0, 2), isOverBudget(200e6 + 1, 0, 2)]).toEqual([false, true]);
});
