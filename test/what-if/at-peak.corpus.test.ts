import { describe, expect, it } from "vitest";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { bitOf, RATIOS } from "../../src/ptmalloc/resident.ts";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import { AsGiven, Fitted, type Reading } from "../../src/replay/writes/reading.ts";
import type { WhatIf } from "../../src/what-if/what-if.ts";
import { InlineRunner } from "../../src/what-if/what-if-runner.ts";
import { casesOf, logOf, OWN_CORPUS, scenario, UNKNOWN_PROCESS } from "../support/corpus.ts";

const WHAT_IFS: readonly ScenarioSpec[] = [
  scenario("one", { MALLOC_ARENA_MAX: "1" }, false),
  scenario("two, trimmed", { MALLOC_ARENA_MAX: "2" }, true),
  scenario("threshold", { MALLOC_TRIM_THRESHOLD_: "131072" }, false),
  { ...scenario("trimmed often", {}, false), trim: { everySeconds: 0.05 } },
];

/** Readings of every plane that a peak may be read from. */
const READINGS: readonly Reading[] = [
  new AsGiven(),
  ...RATIOS.map((ratio) => new Fitted(ratio, 1)),
];

function whatIfsOf(log: Buffer): readonly WhatIf[] {
  const runner = new InlineRunner();
  const options = { ...UNKNOWN_PROCESS, whatIfs: WHAT_IFS, touch: "facts" } as const;
  const analysis = new Analysis(options, runner);
  new NativeScanner(analysis, new Diagnostics()).scan(log, log.length);
  analysis.end();
  return runner.whatIfs?.all ?? [];
}

describe.each(casesOf(OWN_CORPUS).map((one) => [one.name, one] as const))("%s", (_name, one) => {
  it("has every what-if as it was at its peak", () => {
    const whatIfs = whatIfsOf(logOf(one, "default")!);
    expect(whatIfs.length).toBe(WHAT_IFS.length);
    for (const whatIf of whatIfs) {
      const { likeliest } = whatIf;
      for (const reading of READINGS) {
        const bit = bitOf(reading.plane);
        const { peak } = likeliest.rss.pages[bit]!;
        const then = whatIf.atPeak(reading)!;
        checkInvariants(then.model);
        expect([bit, then.model.resident.pages[bit]]).toEqual([bit, peak]);
        // A peak in the last event may be one with the end.
        expect(then.state.event - 1 - likeliest.rss.pages[bit]!.peakEvent).toBe(0);
      }
    }
  });
});
