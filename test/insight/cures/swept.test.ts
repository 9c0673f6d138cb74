import { expect, it } from "vitest";
import { swept } from "../../../src/insight/cures/swept.ts";
import { MiB, scenario } from "../../support/report-builder.ts";

const CALLS = { brk: 100, mmap: 10, mremap: 1, munmap: 9, madvise: 0, mprotect: 80 };

const RECORDED = scenario("as recorded", {
  endMiB: 100,
  peakMiB: 200,
  systemCalls: CALLS,
  pageFaults: 50_000,
});

it("lists the Pareto set first, each part by RSS at the peak", () => {
  const same = { systemCalls: CALLS, pageFaults: 50_000 };
  const scenarios = swept([
    RECORDED,
    scenario("worse", { ...same, endMiB: 101, peakMiB: 190, pageFaults: 50_001 }),
    scenario("less at the end", { ...same, endMiB: 10, peakMiB: 190, pageFaults: 90_000 }),
    scenario("less at the peak", { ...same, endMiB: 100, peakMiB: 150 }),
  ]);
  expect(scenarios.map(({ name, pareto }) => [name, pareto])).toEqual([
    ["less at the peak", true],
    ["less at the end", true],
    ["worse", false],
    ["as recorded", false],
  ]);
  expect(scenarios.map(({ price }) => price)).toEqual([50_200, 90_200, 50_201, 50_200]);
  expect(scenarios[0]?.rss.peakBytes).toBe(150 * MiB);
});

it("has none in the set in which calls fail, and such a one beats no other", () => {
  const failing = scenario("fails", { endMiB: 1, peakMiB: 1, systemCalls: CALLS, failedCalls: 1 });
  expect(swept([RECORDED, failing]).map(({ name, pareto }) => [name, pareto])).toEqual([
    ["as recorded", true],
    ["fails", false],
  ]);
});
