import { binContents } from "../ptmalloc/bin-contents.ts";
import { residentPages } from "../ptmalloc/census.ts";
import type { GuidedReplay } from "../recorded/guided-replay.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { Ledger } from "../trace/ledger.ts";
import {
  AS_RECORDED,
  type Baseline,
  comparedWith,
  movedToRecorded,
  scenariosOf,
} from "../what-if/baseline.ts";
import { PeakFigures } from "../what-if/peak-figures.ts";
import type { Replays } from "../what-if/rss-figures.ts";
import {
  type ScenarioFigures,
  scenarioFigures,
  sharedFigures,
} from "../what-if/scenario-figures.ts";
import { isAsRecorded, limitsArenasOnly } from "../what-if/sharing.ts";
import type { ModelResult } from "./analysis-result.ts";
import type { FinishedAnalysis } from "./finished-analysis.ts";

/** The figures of the scenarios that share the recorded run. */
export interface SharedRun {
  readonly recorded: ScenarioFigures;
  /** what-ifs that share its replay; and the recorded settings with and without a trim, if others are compared with them */
  readonly shared: ReadonlyMap<ScenarioSpec, ScenarioFigures>;
  /** with which the other what-ifs must be compared; null: the recorded run itself serves */
  readonly baseline: Baseline | null;
  /** what-ifs that glibc does not refuse, in the order asked for */
  readonly specs: readonly ScenarioSpec[];
}

/** Must be called once: it makes the malloc_trim calls at the end. */
export function sharedRun(finished: FinishedAnalysis, run: RecordedRun): SharedRun {
  const { options, ledger, refused, needsWhatIfs } = finished;
  const { reading } = finished.touchReading;
  const { guided, otherwise } = run;
  const atPeak = (by: Reading) => run.peak.atPeak(guided, by.plane)?.replay ?? null;
  const replays: Replays = {
    likeliest: guided.replay,
    contended: [],
    otherwise,
    atPeak,
  };
  const peak = new PeakFigures(replays, reading);
  const figures = scenarioFigures(replays, peak, reading);
  const { model, arenaSeries } = guided;
  const arenas = figures.arenas.map((summary) => {
    const arena = model.arenas[summary.id]!;
    const pages = residentPages(model, arena);
    return {
      ...summary,
      rssTimeline: arenaSeries?.rssBytes(arena.id, pages, reading, ledger.events) ?? [],
      bins: binContents(model, arena),
    };
  });
  const baseline = needsWhatIfs ? baselineOf(finished, run) : null;
  const specs = options.whatIfs.filter((spec) => !refused.has(spec));
  const own = specs.filter(isAsRecorded);
  const isCompared = own.length < specs.length && (baseline !== null || !needsWhatIfs);
  const bases = isCompared ? scenariosOf(AS_RECORDED) : [];
  const shared = sharedFigures(replays, [...own, ...bases], reading, peak, figures);
  run.peak.forget();
  return { recorded: { ...figures, arenas }, shared, baseline, specs };
}

/** Returns the recorded run's figures, then those of the what-ifs, moved to the recorded run if there is a baseline. */
export function compared(
  { recorded, shared, baseline, specs }: SharedRun,
  whatIfs: ReadonlyMap<ScenarioSpec, ScenarioFigures>,
): Pick<ModelResult, "baseline" | "scenarios"> {
  const figuresOf = (spec: ScenarioSpec): ScenarioFigures => {
    const replayed = whatIfs.get(spec);
    if (replayed === undefined) {
      return (shared.get(spec) ?? shared.get(comparedWith(spec, AS_RECORDED)))!;
    }
    return baseline === null
      ? replayed
      : movedToRecorded(replayed, {
          recorded: shared.get(comparedWith(spec, AS_RECORDED))!,
          baseline: whatIfs.get(comparedWith(spec, baseline))!,
        });
  };
  return {
    baseline: baseline === null ? null : (whatIfs.get(baseline.untrimmed)?.rss ?? null),
    scenarios: [
      { spec: null, figures: recorded },
      ...specs.map((spec) => ({ spec, figures: figuresOf(spec) })),
    ],
  };
}

/** Returns the baseline if the what-ifs must be compared with it; null if the recorded run itself serves. */
function baselineOf(
  { baseline, ledger }: FinishedAnalysis,
  { guided }: RecordedRun,
): Baseline | null {
  if (baseline?.ofOneThread === true) {
    return guided.isAnchored && usesMainArenaOnly(ledger, guided) ? baseline : null;
  }
  return baseline;
}

/** False if what-ifs with replays of their own come to the figures of the recorded run: limits on arenas change nothing. */
export function needReplays(
  specs: readonly ScenarioSpec[],
  ledger: Ledger,
  guided: GuidedReplay | null,
): boolean {
  const isLimited = guided !== null && usesMainArenaOnly(ledger, guided);
  return !isLimited || !specs.every(limitsArenasOnly);
}

/**
 * True if all memory is in the main arena because the log has one thread (§6.1). After a refusal of the kernel a thread alone
 * may have got another arena (§6.5), and so have threads whose tids the log lacks.
 */
function usesMainArenaOnly({ threads }: Ledger, { replay }: GuidedReplay): boolean {
  return threads.size === 1 && replay.model.arenas.length === 1;
}
