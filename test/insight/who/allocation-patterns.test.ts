import { expect, it } from "vitest";
import { patternFindings } from "../../../src/insight/who/allocation-patterns.ts";
import { KNOWN_PATTERNS } from "../../../src/insight/who/known-patterns.ts";
import type { SiteColumns } from "../../../src/report/contract/report.ts";

type Row = readonly [caller: string | null, size: number | null, calls: number, atPeak?: number];

function sitesOf(...rows: readonly Row[]): SiteColumns {
  const bytes = rows.map(([, size, calls]) => (size ?? 1) * calls);
  return {
    tid: rows.map(() => 7),
    caller: rows.map(([caller]) => caller),
    size: rows.map(([, size]) => size),
    calls: rows.map(([, , calls]) => calls),
    volumeBytes: bytes,
    liveBytes: rows.map(() => 0),
    pinnedBytes: rows.map(() => 0),
    liveAtPeakBytes: rows.map(([, size, , atPeak = 0]) => (size ?? 1) * atPeak),
  };
}

function messages(...rows: readonly Row[]): string[] {
  return patternFindings(sitesOf(...rows)).map(({ message }) => message);
}

it("names zlib's inflate by its state and its window", () => {
  expect(messages(["0x1", 7160, 4890, 152], ["0x2", 32768, 4890, 152])).toEqual([
    "4,890 × 7,160 and 32,768 B: zlib's inflate, 186.2 MiB requested in all, about 5.79 MiB live at the peak",
  ]);
});

it("counts a part apart that not every use allocates, and not at all if others request the size too", () => {
  expect(messages(["0x1", 7160, 658], ["0x2", 32768, 358])).toEqual([
    "658 × 7,160 B and 358 × 32,768 B: zlib's inflate, 15.68 MiB requested in all, nothing live at the peak",
  ]);
  expect(messages(["0x1", 7160, 658], ["0x2", 32768, 100_000])).toEqual([
    "658 × 7,160 B: zlib's inflate, 4.49 MiB requested in all, nothing live at the peak",
  ]);
});

it("adds up what several threads, or several call sites of one library, request", () => {
  const windows = ["0x2", "0x3", "0x4", "0x5"].map((site): Row => [site, 65536, 50]);
  const all = [["0x1", 5952, 30], ["0x1", 5952, 20], ...windows] as const;
  expect(messages(...all)).toEqual([
    "50 × 5,952 and 4 × 65,536 B: zlib's deflate, 12.78 MiB requested in all, nothing live at the peak",
  ]);
  expect(messages(...all.slice(0, -1))).toEqual([]);
});

it("needs no call sites", () => {
  expect(messages([null, 32816, 200])).toHaveLength(1);
});

it("says nothing of few or small uses, or of sizes that are not told apart", () => {
  expect(messages(["0x1", 7160, 7], ["0x2", 32768, 7])).toEqual([]);
  expect(messages(["0x1", 472, 1000])).toEqual([]);
  expect(messages([null, null, 1e9], ["others", 7160, 1e6])).toEqual([]);
});

it("finds sizes of several call sites that are requested equally often", () => {
  const found = messages(
    ["0x1", 4096, 1234, 10],
    ["0x2", 136, 1234, 9],
    ["0x2", 24, 1234, 10],
    ["0x3", 64, 1235],
  );
  expect(found).toEqual([
    "1,234 calls each of 4,096, 136 and 24 B from 2 call sites: probably one kind of object, 5.01 MiB requested in all, about 37.41 KiB live at the peak",
  ]);
  expect(messages(["0x1", 4096, 1234], ["0x1", 136, 1234])).toEqual([]);
  expect(messages(["0x1", 4096, 999], ["0x2", 136, 999])).toEqual([]);
});

it("knows each pattern by a size of its own", () => {
  const telling = KNOWN_PATTERNS.map(({ parts }) => parts[0].bytes);
  expect(new Set(telling).size).toBe(telling.length);
  const others = KNOWN_PATTERNS.flatMap(({ parts }) => parts.slice(1).map(({ bytes }) => bytes));
  expect(telling.filter((bytes) => others.includes(bytes))).toEqual([]);
});
