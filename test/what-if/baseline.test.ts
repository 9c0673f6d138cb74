import { describe, expect, it } from "vitest";
import type { Report } from "../../src/report/report.ts";
import { BASELINE, BASELINES, baselineOf, movedToRecorded } from "../../src/what-if/baseline.ts";
import type { ScenarioFigures } from "../../src/what-if/scenario-figures.ts";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor, scenario } from "../support/corpus.ts";

/** Figures with that RSS at the end and at the peak; the range is a quarter to both sides. */
function figures(end: number, peak: number, given: Partial<ScenarioFigures> = {}): ScenarioFigures {
  return {
    glibc: "2.36",
    rss: {
      endBytes: end,
      peakBytes: peak,
      peakTime: 5,
      endBytesTouchNone: end * 0.5,
      endBytesTouchAll: end * 1.5,
      lowBytes: end * 0.75,
      highBytes: end * 1.25,
      peakLowBytes: peak * 0.75,
      peakHighBytes: peak * 1.25,
      spread: { touchBytes: 0, arenasBytes: 0, exitsBytes: 0 },
      contendedRuns: 0,
    },
    system: { endBytes: end + 10, peakBytes: peak + 10 },
    inUseBytes: end / 2,
    free: { tcache: 1, fastbins: 2, unsorted: 3, smallbins: 4, largebins: 5, top: 6 },
    mmapped: { blocks: 0, bytes: 0 },
    trimmedBytes: 0,
    failedCalls: 0,
    arenas: [],
    mallinfo2: {
      arena: 0,
      ordblks: 0,
      smblks: 0,
      hblks: 0,
      hblkhd: 0,
      usmblks: 0,
      fsmblks: 0,
      uordblks: 0,
      fordblks: 0,
      keepcost: 0,
    },
    rssSeries: [peak, end],
    ...given,
  };
}

describe("a what-if of an anchored run", () => {
  const recorded = figures(500, 700, { trimmedBytes: 9 });
  const baseline = figures(400, 500);

  it("has the recorded run's totals if it changes nothing", () => {
    const { rss, system, inUseBytes, rssSeries, trimmedBytes } = movedToRecorded(baseline, {
      recorded,
      baseline,
    });
    expect({ rss, system, inUseBytes, rssSeries }).toEqual({
      rss: recorded.rss,
      system: recorded.system,
      inUseBytes: recorded.inUseBytes,
      rssSeries: recorded.rssSeries,
    });
    expect(trimmedBytes).toBe(0);
  });

  it("differs from the recorded run as it differs from the baseline", () => {
    const whatIf = figures(300, 350);
    const { rss, system, inUseBytes, rssSeries } = movedToRecorded(whatIf, { recorded, baseline });
    expect(rss).toMatchObject({ endBytes: 400, peakBytes: 550, lowBytes: 300, peakHighBytes: 687.5 });
    expect(rss).toMatchObject({ endBytesTouchNone: 200, endBytesTouchAll: 600 });
    expect(system).toEqual({ endBytes: 410, peakBytes: 560 });
    expect(inUseBytes).toBe(200);
    expect(rssSeries).toEqual([550, 400]);
  });

  it("keeps the time of its own peak, unless that is the baseline's", () => {
    const timed = (peakTime: number) => {
      const one = figures(300, 350);
      return { ...one, rss: { ...one.rss, peakTime } };
    };
    const run = { ...recorded, rss: { ...recorded.rss, peakTime: 4 } };
    const timeOf = (peakTime: number) =>
      movedToRecorded(timed(peakTime), { recorded: run, baseline }).rss.peakTime;
    expect([timeOf(5), timeOf(6)]).toEqual([4, 6]);
  });

  it("has no figure below 0, and none outside its range", () => {
    const { rss, rssSeries } = movedToRecorded(figures(10, 20), {
      recorded: figures(100, 120),
      baseline,
    });
    expect(rss).toMatchObject({ endBytes: 0, peakBytes: 0, lowBytes: 0, peakLowBytes: 0 });
    expect(rssSeries).toEqual([0, 0]);
    const wide = movedToRecorded(figures(1000, 1000), { recorded, baseline: figures(10, 900) });
    expect(wide.rss.peakBytes).toBe(wide.rss.endBytes);
    expect(wide.rss.peakHighBytes).toBeGreaterThanOrEqual(wide.rss.peakBytes);
  });

  it("that trims at the end is compared with a baseline that does", () => {
    expect(baselineOf(scenario("one", { MALLOC_ARENA_MAX: "1" }, false))).toBe(BASELINE);
    expect(baselineOf(scenario("trim", { MALLOC_ARENA_MAX: "1" }, true)).trim).toBe("end");
    const every = { ...scenario("often", {}, false), trim: { everySeconds: 1 } };
    expect(baselineOf(every)).toBe(BASELINE);
    expect(BASELINES.map(baselineOf)).toEqual(BASELINES);
  });
});

const WHAT_IFS = [
  scenario("trimmed", {}, true),
  scenario("one", { MALLOC_ARENA_MAX: "1" }, false),
  scenario("one, trimmed", { MALLOC_ARENA_MAX: "1" }, true),
];

/** The log of a case of one thread, without the first part of its lines. */
function cut(name: string, missing: number): Report {
  const one = casesOf(OWN_CORPUS).find((each) => each.name === name)!;
  const lines = logOf(one, "default")!.toString("latin1").trimEnd().split("\n");
  const log = lines.slice(Math.floor(lines.length * missing)).join("\n");
  return analyse(Buffer.from(`${log}\n`, "latin1"), optionsFor(one, "default", WHAT_IFS));
}

/** What the table of scenarios shows, and its plot. */
function totals({ scenarios, timeline }: Report) {
  return scenarios.map(({ name, rss, system, inUseBytes, fragmentation }) => {
    const { endBytes, peakBytes, lowBytes, highBytes, peakLowBytes, peakHighBytes } = rss;
    const ends = { endBytes, lowBytes, highBytes };
    const peaks = { peakBytes, peakLowBytes, peakHighBytes };
    return { ends, peaks, system, inUseBytes, fragmentation, series: timeline.perScenario[name] };
  });
}

describe("a log of one thread, attached late", () => {
  it("says that a limit on arenas changes nothing", () => {
    const report = cut("perl-churn-g223", 2 / 3);
    expect(report.model?.fidelity.ratio).toBeLessThan(0.9);
    const [recorded, trimmed, one, oneTrimmed] = totals(report);
    expect(one).toEqual(recorded);
    expect(oneTrimmed).toEqual(trimmed);
  });

  it("says what the compared replay of the recorded settings needed", () => {
    const { model, scenarios } = cut("perl-churn-g223", 2 / 3);
    expect(model?.baseline?.rssPeakBytes).toBeGreaterThan(0);
    expect(model?.baseline?.rssEndBytes).not.toBe(scenarios[0]?.rss.endBytes);
  });

  it("is not replayed once more if the model reproduces it", () => {
    const { model } = cut("perl-churn-g223", 0);
    expect(model).not.toHaveProperty("baseline");
  });
});
