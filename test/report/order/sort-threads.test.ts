import { expect, test } from "vitest";
import { sortThreads } from "../../../src/report/order/sort-threads.ts";
import { thread } from "../../support/report-builder.ts";

const calls = { malloc: 0, calloc: 0, realloc: 0, memalign: 0, free: 0 };
const threads = [
  thread(3, {
    volumeBytes: 1,
    calls: { ...calls, total: 2 },
    liveBytes: 3,
    peakLiveBytes: 1,
    pinnedBytes: 2,
  }),
  thread(1, {
    volumeBytes: 2,
    calls: { ...calls, total: 3 },
    liveBytes: 1,
    peakLiveBytes: 2,
    pinnedBytes: 2,
  }),
  thread(2, {
    volumeBytes: 3,
    calls: { ...calls, total: 1 },
    liveBytes: 2,
    peakLiveBytes: 2,
    pinnedBytes: 1,
  }),
];

test.each([
  ["volume", [2, 1, 3]],
  ["calls", [1, 3, 2]],
  ["live", [3, 2, 1]],
  ["peak", [1, 2, 3]],
  ["tid", [3, 2, 1]],
  ["pinned", [1, 3, 2]],
] as const)("%s: largest first, ties by tid; ascending reverses it", (key, expected) => {
  const tids = (ascending: boolean): number[] =>
    sortThreads(threads, { key, ascending }).map(({ tid }) => tid);
  expect(tids(false)).toEqual(expected);
  const ascending = { peak: [3, 1, 2], pinned: [2, 1, 3] };
  expect(tids(true)).toEqual(
    key === "peak" || key === "pinned" ? ascending[key] : [...expected].reverse(),
  );
});

test("does not change the given array", () => {
  const before = [...threads];
  sortThreads(threads, { key: "tid", ascending: true });
  expect(threads).toEqual(before);
});
