import { describe, expect, it } from "vitest";
import { untried } from "../../../src/insight/cures/untried.ts";
import type { Report } from "../../../src/report/report.ts";
import {
  MiB,
  NO_CAUSES,
  report,
  type ScenarioGiven,
  scenario,
  thread,
  trace,
} from "../../support/report-builder.ts";

/** A report of 100 MiB, of which `causes` are at the peak and at the end. */
function reportOf(
  causes: Partial<typeof NO_CAUSES>,
  tried: readonly [name: string, given: ScenarioGiven][],
  given: Partial<Report> = {},
): Report {
  const rss = { endMiB: 100, peakMiB: 100 };
  const both = { ...NO_CAUSES, ...causes };
  return report({
    scenarios: [
      scenario("as recorded", { ...rss, arenaCount: 8 }),
      ...tried.map(([name, one]) => scenario(name, { ...rss, ...one })),
    ],
    causes: { "as recorded": { end: both, peak: both } },
    threads: Array.from({ length: 8 }, (_, n) => thread(n + 1)),
    ...given,
  });
}

const LOWER: ScenarioGiven = { endMiB: 50, peakMiB: 90 };
const LONG = { trace: trace({ firstTime: 10, lastTime: 200 }) };

describe("settings worth a replay", () => {
  it("are none where no cause speaks for them", () => {
    expect(untried(reportOf({ live: 100 * MiB }, [["MALLOC_ARENA_MAX=1", {}]]))).toBeNull();
  });

  it("are none where nothing was to be tried", () => {
    expect(untried(reportOf({ tcache: 50 * MiB }, []))).toBeNull();
  });

  it("include no tcache where caches keep memory, unless that was tried", () => {
    const causes = { tcache: 50 * MiB };
    expect(untried(reportOf(causes, [["malloc_trim=end", {}]]))?.text).toBe(
      "Worth a replay, too: --what-if glibc.malloc.tcache_count=0 (the threads' caches keep 50 MiB).",
    );
    expect(untried(reportOf(causes, [["glibc.malloc.tcache_count=0", {}]]))).toBeNull();
  });

  it("include four arenas where fewer help, unless that was tried", () => {
    const fewer: [string, ScenarioGiven] = ["MALLOC_ARENA_MAX=2", LOWER];
    expect(untried(reportOf({}, [fewer]))?.text).toBe(
      "Worth a replay, too: --what-if MALLOC_ARENA_MAX=4 (fewer threads share an arena).",
    );
    expect(untried(reportOf({}, [fewer, ["MALLOC_ARENA_MAX=4", {}]]))).toBeNull();
    expect(untried(reportOf({}, [fewer], { threads: [thread(1)] }))).toBeNull();
  });

  it("include no four arenas where fewer help only with a trim, or two do not help", () => {
    const one = "MALLOC_ARENA_MAX=1";
    expect(
      untried(
        reportOf({}, [
          [one, {}],
          [`${one},malloc_trim=end`, LOWER],
        ]),
      ),
    ).toBeNull();
    const two: [string, ScenarioGiven] = ["MALLOC_ARENA_MAX=2", {}];
    expect(untried(reportOf({}, [[one, LOWER], two]))).toBeNull();
    expect(untried(reportOf({}, [[one, LOWER]]))).not.toBeNull();
  });

  it("include a lower mmap threshold where no setting helps more than thresholds that stay, unless that was tried", () => {
    const stays: [string, ScenarioGiven] = ["MALLOC_TRIM_THRESHOLD_=131072", LOWER];
    expect(untried(reportOf({}, [stays]))?.text).toBe(
      "Worth a replay, too: --what-if MALLOC_MMAP_THRESHOLD_=65536 (free() unmaps blocks of 64 KiB or more).",
    );
    expect(untried(reportOf({}, [stays, ["MALLOC_MMAP_THRESHOLD_=65536", LOWER]]))).toBeNull();
    const better: [string, ScenarioGiven] = ["malloc_trim=end", { endMiB: 10, peakMiB: 80 }];
    expect(untried(reportOf({}, [stays, better]))).toBeNull();
  });

  it("include trims on the way where one at the end helps, in a log that is long enough", () => {
    const causes = { returnable: 30 * MiB };
    const trimmed: [string, ScenarioGiven] = ["malloc_trim=end", { ...LOWER, trim: "end" }];
    expect(untried(reportOf(causes, [trimmed], LONG))?.text).toBe(
      "Worth a replay, too: --what-if malloc_trim=60s (30 MiB at the peak are whole free pages).",
    );
    expect(untried(reportOf(causes, [trimmed]))).toBeNull();
    expect(untried(reportOf({}, [trimmed], LONG))).toBeNull();
    const periodic: [string, ScenarioGiven] = ["malloc_trim=30s", { trim: "30s" }];
    expect(untried(reportOf(causes, [trimmed, periodic], LONG))).toBeNull();
  });
});
