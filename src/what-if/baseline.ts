import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { RssFigures } from "../report/report.ts";
import type { ScenarioFigures } from "./scenario-figures.ts";

/**
 * A what-if is replayed without the log's pointers, so its heap differs from that of an anchored run under equal settings,
 * too. The baseline is a what-if that changes nothing: what another what-if saves is the difference from it.
 */
export const BASELINE: ScenarioSpec = {
  name: "baseline",
  settings: {},
  trim: "never",
  glibc: null,
  cpus: null,
};

/** the same, compared with what-ifs that trim at the end */
const TRIMMED: ScenarioSpec = { ...BASELINE, name: "baseline,malloc_trim=end", trim: "end" };

/** They share one replay. */
export const BASELINES: readonly ScenarioSpec[] = [BASELINE, TRIMMED];

/** Returns the baseline with which a what-if is compared. */
export function baselineOf({ trim }: ScenarioSpec): ScenarioSpec {
  return trim === "end" ? TRIMMED : BASELINE;
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
    inUseBytes: moved(whatIf.inUseBytes, recorded.inUseBytes, baseline.inUseBytes),
    rssSeries: whatIf.rssSeries.map((bytes, point) =>
      Math.min(
        rss.peakBytes,
        moved(bytes, recorded.rssSeries[point] ?? 0, baseline.rssSeries[point] ?? 0),
      ),
    ),
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
    endBytesTouchNone: Math.min(of("endBytesTouchNone"), endBytes),
    endBytesTouchAll: Math.max(of("endBytesTouchAll"), endBytes),
    lowBytes: Math.min(of("lowBytes"), endBytes),
    highBytes: Math.max(of("highBytes"), endBytes),
    peakLowBytes: Math.min(of("peakLowBytes"), peakBytes),
    peakHighBytes: Math.max(of("peakHighBytes"), peakBytes),
  };
}

/** the figures of RSS in bytes */
type Bytes = Exclude<keyof RssFigures, "peakTime" | "spread" | "contendedRuns">;

function moved(whatIf: number, recorded: number, baseline: number): number {
  return Math.max(0, recorded + whatIf - baseline);
}
