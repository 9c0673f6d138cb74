import { expect, test } from "vitest";
import { medianOf } from "../../src/native-replay/repeated-replays.ts";

const run = (peakBytes: number, endBytes: number, purgedEndBytes: number | null = null) => ({
  peakBytes,
  endBytes,
  purgedEndBytes,
  failedCalls: 0,
  seconds: 1,
});

test("each figure is the median of its own values", () => {
  expect(medianOf([run(9, 3), run(10, 1), run(100, 2)])).toEqual(run(10, 2));
  expect(medianOf([run(9, 3, 1), run(10, 1, 5), run(100, 2, 4)]).purgedEndBytes).toBe(4);
});
