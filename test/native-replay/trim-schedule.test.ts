import { expect, test } from "vitest";
import { TrimSchedule } from "../../src/native-replay/trim-schedule.ts";

test("a trim is due every so many seconds of log time, once for a jump over several", () => {
  const schedule = new TrimSchedule(2);
  const times = [1, 2.9, Number.NaN, 3, 3.1, 9, 9.5, 11.1];
  expect(times.filter((seconds) => schedule.isDue(seconds * 1e6))).toEqual([3, 9, 11.1]);
});
