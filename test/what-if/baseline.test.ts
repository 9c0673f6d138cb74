import { describe, expect, it } from "vitest";
import type { ScenarioSpec } from "../../src/replay/scenario-spec.ts";
import type { Report } from "../../src/report/contract/report.ts";
import {
  AS_RECORDED,
  baselineFor,
  comparedWith,
  movedToRecorded,
  scenariosOf,
} from "../../src/what-if/baseline.ts";
import type { ScenarioFigures } from "../../src/what-if/scenario-figures.ts";
import { bySharing, isAsRecorded } from "../../src/what-if/sharing.ts";
import { analyse, casesOf, logOf, OWN_CORPUS, optionsFor, scenario } from "../support/corpus.ts";
import { NO_CAUSES } from "../support/report-builder.ts";

/** Figures with that RSS at the end and at the peak; the range is a quarter to both sides. */
function figures(end: number, peak: number, given: Partial<ScenarioFigures> = {}): ScenarioFigures {
  return {
    glibc: "2.36",
    rss: {
      endBytes: end,
      peakBytes: peak,
      peakTime: 5,
      peakEvents: 50,
      endBytesTouchNone: end * 0.5,
      endBytesTouchAll: end * 1.5,
      lowBytes: end * 0.75,
      highBytes: end * 1.25,
      peakLowBytes: peak * 0.75,
      peakHighBytes: peak * 1.25,
      spread: { touchBytes: 0, arenasBytes: 0, exitsBytes: 0 },
      contendedRuns: 0,
      otherOrders: [],
    },
    system: { endBytes: end + 10, peakBytes: peak + 10 },
    inUseBytes: end / 2,
    free: { tcache: 1, fastbins: 2, unsorted: 3, smallbins: 4, largebins: 5, top: 6 },
    mmapped: { blocks: 0, bytes: 0 },
    trimmedBytes: 0,
    failedCalls: 0,
    systemCalls: { brk: end, mmap: 5, mremap: 0, munmap: 4, madvise: 0, mprotect: 3 },
    pageFaults: peak + 100,
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
    causes: {
      end: { ...NO_CAUSES, live: end / 2, returnable: end / 2 },
      peak: { ...NO_CAUSES, live: peak / 2, returnable: peak / 2 },
    },
    rssSeries: [peak, end],
    ...given,
  };
}

describe("a what-if of an anchored run", () => {
  const recorded = figures(500, 700, { trimmedBytes: 9 });
  const baseline = figures(400, 500);

  it("has the recorded run's totals if it changes nothing", () => {
    const moved = movedToRecorded(baseline, { recorded, baseline });
    const { rss, system, inUseBytes, rssSeries, trimmedBytes, systemCalls, pageFaults } = moved;
    expect({ rss, system, inUseBytes, rssSeries, systemCalls, pageFaults }).toEqual({
      rss: recorded.rss,
      system: recorded.system,
      inUseBytes: recorded.inUseBytes,
      rssSeries: recorded.rssSeries,
      systemCalls: recorded.systemCalls,
      pageFaults: recorded.pageFaults,
    });
    expect(trimmedBytes).toBe(0);
  });

  it("differs from the recorded run as it differs from the baseline", () => {
    const whatIf = figures(300, 350);
    const moved = movedToRecorded(whatIf, { recorded, baseline });
    const { rss, system, inUseBytes, rssSeries, systemCalls, pageFaults } = moved;
    expect({ brk: systemCalls.brk, pageFaults }).toEqual({ brk: 400, pageFaults: 650 });
    expect(systemCalls).toMatchObject({ mmap: 5, munmap: 4, mprotect: 3 });
    expect(rss).toMatchObject({
      endBytes: 400,
      peakBytes: 550,
      lowBytes: 300,
      peakHighBytes: 687.5,
    });
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
    const { systemCalls } = movedToRecorded(figures(10, 20), {
      recorded: figures(100, 120),
      baseline,
    });
    expect(systemCalls.brk).toBe(0);
    expect(rssSeries).toEqual([0, 0]);
    const wide = movedToRecorded(figures(1000, 1000), { recorded, baseline: figures(10, 900) });
    expect(wide.rss.peakBytes).toBe(wide.rss.endBytes);
    expect(wide.rss.peakHighBytes).toBeGreaterThanOrEqual(wide.rss.peakBytes);
  });
});

describe("the baseline", () => {
  const one = scenario("one", { MALLOC_ARENA_MAX: "1" }, false);
  const oneTrimmed = scenario("one, trimmed", { MALLOC_ARENA_MAX: "1" }, true);
  const threshold = scenario("threshold", { MALLOC_TRIM_THRESHOLD_: "4096" }, false);

  it("is a replay of the recorded settings if the run is anchored before the what-ifs begin", () => {
    expect(baselineFor([one], true, 1)).toBe(AS_RECORDED);
    expect(baselineFor([threshold], true, 9)).toBe(AS_RECORDED);
    expect(scenariosOf(AS_RECORDED).map(isAsRecorded)).toEqual([true, true]);
  });

  it("is none without what-ifs", () => {
    expect(baselineFor([], true, 1)).toBeNull();
    expect(scenariosOf(null)).toEqual([]);
  });

  it("is the what-if that limits arenas if one thread may need it later, in the same replay", () => {
    for (const limiting of [one, oneTrimmed, scenario("t", { MALLOC_ARENA_TEST: "1" }, false)]) {
      const baseline = baselineFor([threshold, limiting], false, 1);
      expect(baseline).toMatchObject({ ofOneThread: true });
      expect(bySharing([limiting, ...scenariosOf(baseline)])).toHaveLength(1);
    }
  });

  it.each<[string, ScenarioSpec, number]>([
    ["of more than one thread", one, 2],
    ["without such a what-if", threshold, 1],
    [
      "whose limit is not alone",
      { ...one, settings: { ...one.settings, ...threshold.settings } },
      1,
    ],
    ["whose limit is a tunable", scenario("t", { "glibc.malloc.arena_max": "1" }, false), 1],
    ["whose limit comes with another glibc", { ...one, glibc: "2.31" }, 1],
    ["whose limit comes with trims", { ...one, trim: { everySeconds: 1 } }, 1],
  ])("is none for a run that is not anchored %s", (_, whatIf, threads) => {
    expect(baselineFor([whatIf], false, threads)).toBeNull();
  });

  it("trims at the end if the what-if does", () => {
    expect(comparedWith(one, AS_RECORDED).trim).toBe("never");
    expect(comparedWith(oneTrimmed, AS_RECORDED).trim).toBe("end");
    expect(comparedWith({ ...one, trim: { everySeconds: 1 } }, AS_RECORDED).trim).toBe("never");
  });
});

const WHAT_IFS = [
  scenario("trimmed", {}, true),
  scenario("one", { MALLOC_ARENA_MAX: "1" }, false),
  scenario("one, trimmed", { MALLOC_ARENA_MAX: "1" }, true),
];

/** It needs a replay of its own in every log. */
const TOP_PAD = scenario("top pad", { MALLOC_TOP_PAD_: "1048576" }, false);

/** The report of a case's log, of which `keep` keeps lines; `at` is a line's place, 0 to 1. */
function reportOf(
  name: string,
  keep: (at: number, line: number) => boolean,
  whatIfs = WHAT_IFS,
): Report {
  const one = casesOf(OWN_CORPUS).find((each) => each.name === name)!;
  const lines = logOf(one, "default")!.toString("latin1").trimEnd().split("\n");
  const log = lines.filter((_, line) => keep(line / lines.length, line)).join("\n");
  return analyse(Buffer.from(`${log}\n`, "latin1"), optionsFor(one, "default", whatIfs));
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

describe("a limit on arenas changes nothing in a log of one thread", () => {
  const logs: [string, string, (at: number, line: number) => boolean][] = [
    ["attached late", "perl-churn-g223", (at) => at >= 2 / 3],
    ["that lacks lines", "sqlite3-mem-g239", (_, line) => line % 10 !== 9],
    [
      "that lacks lines near its end",
      "sqlite3-mem-g239",
      (at, line) => at < 0.95 || line % 10 !== 9,
    ],
  ];
  it.each(logs)("%s", (_, name, keep) => {
    const [recorded, trimmed, one, oneTrimmed] = totals(reportOf(name, keep));
    expect(one).toEqual(recorded);
    expect(oneTrimmed).toEqual(trimmed);
  });

  it.each(logs)("%s, with replays of their own", (_, name, keep) => {
    const report = reportOf(name, keep, [...WHAT_IFS, TOP_PAD]);
    expect(report.model?.fidelity.ratio).toBeLessThan(0.99);
    const [recorded, trimmed, one, oneTrimmed] = totals(report);
    expect(one).toEqual(recorded);
    expect(oneTrimmed).toEqual(trimmed);
    expect(report.model?.baseline?.rssEndBytes).not.toBe(recorded?.ends.endBytes);
  });
});

describe("a log that lacks the tids of its threads", () => {
  it("is not taken for one of a thread that a limit on arenas leaves as it is", () => {
    const one = casesOf(OWN_CORPUS).find(({ name }) => name === "mt-baton24-g236")!;
    const log = logOf(one, "default")!.toString("latin1").replace(/^\d+ /gm, "1 ");
    const { scenarios } = analyse(Buffer.from(log, "latin1"), optionsFor(one, "default", WHAT_IFS));
    const arenas = new Map(scenarios.map((each) => [each.name, each.arenas.length]));
    expect(arenas.get("one")).toBe(1);
    expect(arenas.get("as recorded")).toBeGreaterThan(1);
  });
});

describe("a log that the model reproduces", () => {
  it.each(["perl-churn-g223", "mt-free16-g244"])("is compared with itself: %s", (name) => {
    const { model } = reportOf(name, () => true);
    expect(model?.fidelity.ratio).toBe(1);
    expect(model).not.toHaveProperty("baseline");
  });
});
