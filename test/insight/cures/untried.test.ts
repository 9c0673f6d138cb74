import { describe, expect, it } from "vitest";
import { untried } from "../../../src/insight/cures/untried.ts";
import type { Report } from "../../../src/report/contract/report.ts";
import { report, type ScenarioGiven, scenario } from "../../support/report-builder.ts";

/** A report of 20 MiB in so many arenas. */
function reportOf(
  arenaCount: number,
  tried: readonly [name: string, given: ScenarioGiven][],
): Report {
  const rss = { endMiB: 20, peakMiB: 20 };
  return report({
    scenarios: [
      scenario("as recorded", { ...rss, arenaCount }),
      ...tried.map(([name, one]) => scenario(name, { ...rss, ...one })),
    ],
  });
}

const STAYS: [string, ScenarioGiven] = ["MALLOC_TRIM_THRESHOLD_=131072", { peakMiB: 15 }];

describe("a setting worth a replay", () => {
  it("is no pad where thresholds that stay help most, and many arenas have one", () => {
    expect(untried(reportOf(9, [STAYS]))?.text).toBe(
      "Worth a replay, too: --what-if MALLOC_TOP_PAD_=0 (the tops of 9 arenas keep up to 1,152 KiB).",
    );
  });

  it("is none where few arenas have a pad", () => {
    expect(untried(reportOf(7, [STAYS]))).toBeNull();
  });

  it("is none where another setting helps more, or none does", () => {
    const better: [string, ScenarioGiven] = ["MALLOC_ARENA_MAX=1", { peakMiB: 10 }];
    expect(untried(reportOf(9, [STAYS, better]))).toBeNull();
    expect(untried(reportOf(9, [["MALLOC_ARENA_MAX=1", {}]]))).toBeNull();
    expect(untried(reportOf(9, []))).toBeNull();
  });

  it("is none where a pad was tried", () => {
    expect(untried(reportOf(9, [STAYS, ["MALLOC_TOP_PAD_=0", {}]]))).toBeNull();
  });
});
