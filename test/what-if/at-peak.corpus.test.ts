import { describe, expect, it } from "vitest";
import { type Stripping, strip } from "../../fixtures/strip.ts";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Analysis } from "../../src/pipeline/analysis.ts";
import { checkInvariants } from "../../src/ptmalloc/invariants.ts";
import { bitOf, RATIOS } from "../../src/ptmalloc/resident.ts";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import { AsGiven, Fitted, partAtRatio, type Reading } from "../../src/replay/writes/reading.ts";
import type { Replays } from "../../src/what-if/rss-figures.ts";
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
  ...RATIOS.map((ratio) => new Fitted(partAtRatio(ratio), 1, [])),
];

/** The replays of a log, and what returns their states at the peaks. */
function replaysOf(log: Buffer): Pick<Replays, "likeliest" | "atPeak">[] {
  const runner = new InlineRunner();
  const options = { ...UNKNOWN_PROCESS, whatIfs: WHAT_IFS, touch: { fitted: 1 } } as const;
  const analysis = new Analysis(options, runner);
  new NativeScanner(analysis, new Diagnostics()).scan(log, log.length);
  analysis.end();
  const { guided, peak } = analysis.recorded.detection!.best.recorded;
  const recorded = {
    likeliest: guided.replay,
    atPeak: (reading: Reading) => peak.atPeak(guided, reading.plane)?.replay ?? null,
  };
  return [recorded, ...runner.whatIfs!.all];
}

/** The log as it is, and as a simple hook writes it, so that exits and settings are inferred. */
const LOGS: readonly (readonly Stripping[])[] = [[], ["exits", "marks"]];

describe.each(casesOf(OWN_CORPUS).map((one) => [one.name, one] as const))("%s", (_name, one) => {
  it.each(LOGS)("has the pages of every peak, stripped of %s %s", (...strippings) => {
    const log = logOf(one, "default")!.toString("latin1");
    const stripped = strippings.length === 0 ? log : strip(log, strippings);
    const replays = replaysOf(Buffer.from(stripped, "latin1"));
    // Scenarios share a replay until their settings matter.
    expect(replays.length).toBeGreaterThanOrEqual(2);
    for (const [n, one] of replays.entries()) {
      // Asking for one plane forgets the others: each replay is asked for another.
      const reading = READINGS[n]!;
      const bit = bitOf(reading.plane);
      const then = one.atPeak(reading)!;
      expect(then.model.resident.pages[bit]).toBe(one.likeliest.rss.pages[bit]!.peak);
      checkInvariants(then.model);
    }
  });
});
