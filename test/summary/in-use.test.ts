import { expect, test } from "vitest";
import { analyse, UNKNOWN_PROCESS } from "../support/corpus.ts";

const OPTIONS = {
  ...UNKNOWN_PROCESS,
  recordedWith: {},
  // without a tcache: a freed block goes to a bin at once
  glibc: "2.23",
  cpus: 2,
};

const LINES = [
  "1 malloc(100) = 0x555555559010",
  "1 malloc(1000) = 0x555555559080",
  "# rss 8192",
  "1 free(0x555555559010)",
  "1 malloc(1048576) = 0x7f0000000010",
  "1 free(0x7f0000000010)",
];

const log = (lines: readonly string[]) => Buffer.from(`${lines.join("\n")}\n`);

test("the timeline has the bytes of live chunks after each event, and the places of the RSS samples", () => {
  const { timeline, measured, scenarios } = analyse(log(LINES), OPTIONS);
  const [first, second, mapped] = [112, 1008, 257 * 4096];
  expect(timeline.eventsPerPoint).toBe(1);
  expect(timeline.inUseBytes).toEqual([first, first + second, second, second + mapped, second]);
  expect(scenarios[0]?.inUseBytes).toBe(second);
  expect(measured?.rssSamples.map(({ events }) => events)).toEqual([2]);
});

test("a point of a longer log keeps the largest value of its events, as in the other series", () => {
  const marks = Array.from({ length: 3000 }, () => "1 mark(x)");
  const { timeline } = analyse(log([...LINES, ...marks]), OPTIONS);
  expect(timeline.eventsPerPoint).toBe(4);
  expect(timeline.inUseBytes.length).toBe(timeline.liveBytes.length);
  expect(timeline.inUseBytes.slice(0, 3)).toEqual([1008 + 257 * 4096, 1008, 1008]);
});

test("the series is empty without a model", () => {
  expect(analyse(log(LINES), { ...OPTIONS, model: false }).timeline.inUseBytes).toEqual([]);
});
