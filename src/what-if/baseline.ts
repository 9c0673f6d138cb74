import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { CausesOfScenario, RssFigures } from "../report/contract/report.ts";
import { movedCauses } from "./cause-figures.ts";
import { movedPrice } from "./price-figures.ts";
import type { ScenarioFigures } from "./scenario-figures.ts";
import { limitsArenasOnly } from "./sharing.ts";

/**
 * A what-if is replayed without the log's pointers, so its heap differs from that of an anchored run under equal settings,
 * too. The baseline is a what-if that changes nothing: what another what-if saves is the difference from it.
 */
export interface Baseline {
  readonly untrimmed: ScenarioSpec;
  /** the same, compared with what-ifs that trim at the end */
  readonly trimmed: ScenarioSpec;
  /** true if it changes nothing only while the log has one thread */
  readonly ofOneThread: boolean;
}

/** the recorded settings, in a replay of their own */
export const AS_RECORDED = baselineWith({}, false);

/**
 * Returns the baseline to replay with `whatIfs`; null if there is none. `isAnchored`: the recorded run is anchored
 * already, so that it is worth a replay of its own. Otherwise a what-if that limits arenas may serve: the run may be
 * anchored later, and with one thread, in one arena, such a limit changes nothing (ptmalloc2.md §6.1).
 */
export function baselineFor(
  whatIfs: readonly ScenarioSpec[],
  isAnchored: boolean,
  threads: number,
): Baseline | null {
  if (whatIfs.length === 0) {
    return null;
  }
  if (isAnchored) {
    return AS_RECORDED;
  }
  const limiting = threads > 1 ? undefined : whatIfs.find(limitsArenasOnly);
  return limiting === undefined ? null : baselineWith(limiting.settings, true);
}

/** Returns the scenarios of a baseline, which share one replay. */
export function scenariosOf(baseline: Baseline | null): ScenarioSpec[] {
  return baseline === null ? [] : [baseline.untrimmed, baseline.trimmed];
}

/** Returns the one of a baseline's scenarios with which a what-if is compared. */
export function comparedWith({ trim }: ScenarioSpec, baseline: Baseline): ScenarioSpec {
  return trim === "end" ? baseline.trimmed : baseline.untrimmed;
}

function baselineWith(settings: ScenarioSpec["settings"], ofOneThread: boolean): Baseline {
  const untrimmed: ScenarioSpec = {
    name: "baseline",
    settings,
    trim: "never",
    glibc: null,
    cpus: null,
  };
  return { untrimmed, trimmed: { ...untrimmed, trim: "end" }, ofOneThread };
}

/** The figures of two runs under the recorded settings. */
export interface Bases {
  /** anchored by the log's pointers */
  readonly recorded: ScenarioFigures;
  /** replayed as the what-if is */
  readonly baseline: ScenarioFigures;
}

/**
 * Returns the what-if's figures as far as totals go, moved by the difference between recorded run and baseline. Its
 * arenas and free chunks stay those of its replay.
 */
export function movedToRecorded(
  whatIf: ScenarioFigures,
  { recorded, baseline }: Bases,
): ScenarioFigures {
  const rss = movedRss(whatIf.rss, recorded.rss, baseline.rss);
  return {
    ...whatIf,
    rss,
    system: {
      endBytes: moved(whatIf.system.endBytes, recorded.system.endBytes, baseline.system.endBytes),
      peakBytes: moved(
        whatIf.system.peakBytes,
        recorded.system.peakBytes,
        baseline.system.peakBytes,
      ),
    },
    ...movedPrice(whatIf, recorded, baseline),
    inUseBytes: moved(whatIf.inUseBytes, recorded.inUseBytes, baseline.inUseBytes),
    causes:
      whatIf.causes &&
      recorded.causes &&
      baseline.causes &&
      movedOfScenario(whatIf.causes, recorded.causes, baseline.causes, rss),
    rssSeries: whatIf.rssSeries.map((bytes, point) =>
      Math.min(
        rss.peakBytes,
        moved(bytes, recorded.rssSeries[point] ?? 0, baseline.rssSeries[point] ?? 0),
      ),
    ),
  };
}

function movedOfScenario(
  whatIf: CausesOfScenario,
  recorded: CausesOfScenario,
  baseline: CausesOfScenario,
  { endBytes, peakBytes }: Rss,
): CausesOfScenario {
  return {
    end: movedCauses(whatIf.end, recorded.end, baseline.end, endBytes),
    peak:
      whatIf.peak &&
      recorded.peak &&
      baseline.peak &&
      movedCauses(whatIf.peak, recorded.peak, baseline.peak, peakBytes),
  };
}

type Rss = ScenarioFigures["rss"];

function movedRss(whatIf: Rss, recorded: Rss, baseline: Rss): Rss {
  const of = (key: Bytes): number => moved(whatIf[key], recorded[key], baseline[key]);
  const endBytes = of("endBytes");
  const peakBytes = Math.max(of("peakBytes"), endBytes);
  return {
    ...whatIf,
    endBytes,
    peakBytes,
    peakTime: Object.is(whatIf.peakTime, baseline.peakTime) ? recorded.peakTime : whatIf.peakTime,
    peakEvents: whatIf.peakEvents === baseline.peakEvents ? recorded.peakEvents : whatIf.peakEvents,
    endBytesTouchNone: Math.min(of("endBytesTouchNone"), endBytes),
    endBytesTouchAll: Math.max(of("endBytesTouchAll"), endBytes),
    lowBytes: Math.min(of("lowBytes"), endBytes),
    highBytes: Math.max(of("highBytes"), endBytes),
    peakLowBytes: Math.min(of("peakLowBytes"), peakBytes),
    peakHighBytes: Math.max(of("peakHighBytes"), peakBytes),
    otherOrders: whatIf.otherOrders.map((one) => ({
      endBytes: moved(one.endBytes, recorded.endBytes, baseline.endBytes),
      peakBytes: moved(one.peakBytes, recorded.peakBytes, baseline.peakBytes),
    })),
  };
}

/** the figures of RSS in bytes */
type Bytes = Exclude<
  keyof RssFigures,
  "peakTime" | "peakEvents" | "spread" | "contendedRuns" | "otherOrders"
>;

function moved(whatIf: number, recorded: number, baseline: number): number {
  return Math.max(0, recorded + whatIf - baseline);
}
