import { expect, test } from "vitest";
import { areProcessAndThread } from "../../../../src/input/formats/columns/pid-column.ts";

type Pairs = readonly (readonly [number, number])[];

function areIds(pairs: Pairs): boolean {
  return areProcessAndThread(
    pairs.map(([first]) => first),
    pairs.map(([, second]) => second),
  );
}

const HANDLE = 140_677_413_582_656;
const lines = (count: number, pair: (i: number) => readonly [number, number]): Pairs =>
  Array.from({ length: count }, (_, i) => pair(i));

const IDS: [what: string, pairs: Pairs][] = [
  [
    "threads a little above their process",
    [
      [100, 101],
      [100, 102],
    ],
  ],
  ["the first thread alone", [[700, 700]]],
  [
    "the first thread, and one that started long after",
    [
      [700, 700],
      [700, 90_000],
    ],
  ],
  ["threads that take turns, after the ids wrapped", lines(8, (i) => [30_000, 400 + (i % 3)])],
  ["two processes", lines(8, (i) => [i % 2 ? 100 : 300, i % 2 ? 101 : 5001])],
  ["handles", lines(6, (i) => [100, HANDLE + 4096 * (i % 2)])],
];

test.each(IDS)("%s: pid and tid", (_, pairs) => {
  expect(areIds(pairs)).toBe(true);
});

const TIMES: [what: string, pairs: Pairs][] = [
  ["nothing", []],
  ["seconds from zero", lines(50, (i) => [700, Math.floor(i / 5)])],
  ["seconds that pass the thread's id", lines(50, (i) => [7, i])],
  ["seconds of two threads", lines(50, (i) => [700 + (i % 2), 800 + Math.floor(i / 5)])],
  ["a number for each line", lines(50, (i) => [7, 8 + i])],
  ["seconds since 1970", lines(50, () => [700, 1_795_935_946])],
  ["nanoseconds", lines(50, (i) => [700, HANDLE + 1300 * i])],
  ["fractions", lines(5, () => [7, 7.5])],
];

test.each(TIMES)("%s: tid and time", (_, pairs) => {
  expect(areIds(pairs)).toBe(false);
});
