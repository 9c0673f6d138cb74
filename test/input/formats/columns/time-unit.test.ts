import { expect, test } from "vitest";
import { epochUnit, timeUnit } from "../../../../src/input/formats/columns/time-unit.ts";

/** `count` times, `gap` apart. */
const from = (start: number, gap: number, count = 1000): number[] =>
  Array.from({ length: count }, (_, i) => start + i * gap);

test.each([
  ["seconds since 1970", [1_795_935_946, 1_795_935_947], 0],
  ["with a fraction", [1_795_935_946.5, 1_795_935_947.25], 0],
  ["milliseconds since 1970", [1_795_935_946_765, 1_795_935_946_766], 3],
  ["milliseconds with a fraction", [1_795_935_946_765.25], 3],
  ["microseconds since 1970", [1_795_935_946_765_000], 6],
  ["nanoseconds since 1970", [1_795_935_946_765_000_000], 9],
] as const)("%s", (_, times, decimals) => {
  expect(epochUnit(times)).toBe(decimals);
  expect(timeUnit(times)).toBe(decimals);
});

test.each([
  ["no time", [], 0],
  ["seconds since the start", [0, 1, 2, 7], 0],
  ["seconds of a day", from(0, 0.9, 86_400).map(Math.floor), 0],
  ["microseconds since the start, each line its own", from(0, 13), 6],
  ["fractions of a long run", from(0.5, 1000), 0],
  ["seconds since the machine's start", from(12_345_678, 0.01).map(Math.floor), 0],
  ["milliseconds since the machine's start", from(123_456_789, 0.01).map(Math.floor), 3],
  ["microseconds since the machine's start", from(123_456_789, 150), 6],
  ["nanoseconds since the machine's start", from(123_456_789_000, 4000), 9],
  ["gaps of a second, in nanoseconds", from(1, 1e9, 10), 9],
] as const)("%s", (_, times, decimals) => {
  expect(timeUnit(times)).toBe(decimals);
});
