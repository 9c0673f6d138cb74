import { binContents } from "../ptmalloc/bin-contents.ts";
import { residentPages } from "../ptmalloc/census.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { AS_RECORDED, comparedWith, movedToRecorded, scenariosOf } from "../what-if/baseline.ts";
import { PeakFigures } from "../what-if/peak-figures.ts";
import { helps, type Replays } from "../what-if/rss-figures.ts";
import {
  type MaybeFigures,
  type ScenarioFigures,
  scenarioFigures,
  sharedFigures,
} from "../what-if/scenario-figures.ts";
import { isAsRecorded } from "../what-if/sharing.ts";
import type { ModelResult } from "./analysis-result.ts";
import type { FinishedAnalysis } from "./finished-analysis.ts";
import type { NeededWhatIfs } from "./tried-what-ifs.ts";

/** The figures of the scenarios that share the recorded run. */
export interface SharedRun {
  readonly recorded: ScenarioFigures;
  /** what-ifs that share its replay; and the recorded settings with and without a trim, if others are compared with them */
  readonly shared: ReadonlyMap<ScenarioSpec, ScenarioFigures>;
  readonly needed: NeededWhatIfs;
}

/** Must be called once: it makes the malloc_trim calls at the end. */
export function sharedRun(finished: FinishedAnalysis, run: RecordedRun): SharedRun {
  const { options, ledger, needed } = finished;
  const { reading } = finished.touchReading;
  const { guided, otherwise } = run;
  const atPeak = (by: Reading) => run.peak.atPeak(guided, by.plane)?.replay ?? null;
  const replays: Replays = {
    likeliest: guided.replay,
    contended: [],
    otherwise,
    atPeak,
  };
  const explains = options.explainsWhatIfs !== false;
  const peak = new PeakFigures(replays, reading, true);
  const figures = scenarioFigures(replays, peak, reading, true);
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
  const { reported, replayed, baseline } = needed;
  const own = reported.filter(isAsRecorded);
  const others = reported.filter((spec) => !isAsRecorded(spec));
  const areCompared = baseline !== null || !others.every((spec) => replayed.includes(spec));
  const bases = areCompared ? scenariosOf(AS_RECORDED) : [];
  const shared = sharedFigures(replays, [...own, ...bases], reading, explains, peak, figures);
  run.peak.forget();
  return { recorded: { ...figures, arenas }, shared, needed };
}

/**
 * Returns the recorded run's figures, then those of the what-ifs, moved to the recorded run if there is a baseline. Trials
 * that do not help are left out.
 */
export function compared(
  { recorded, shared, needed: { reported, baseline } }: SharedRun,
  whatIfs: ReadonlyMap<ScenarioSpec, MaybeFigures>,
): Pick<ModelResult, "baseline" | "scenarios"> {
  const figuresOf = (spec: ScenarioSpec): MaybeFigures => {
    const replayed = whatIfs.get(spec);
    if (replayed === undefined) {
      return shared.get(spec) ?? shared.get(comparedWith(spec, AS_RECORDED))!;
    }
    return baseline === null || replayed === null
      ? replayed
      : movedToRecorded(replayed, {
          recorded: shared.get(comparedWith(spec, AS_RECORDED))!,
          baseline: whatIfs.get(comparedWith(spec, baseline))!,
        });
  };
  const scenarios: ModelResult["scenarios"][number][] = [{ spec: null, figures: recorded }];
  for (const spec of reported) {
    const figures = figuresOf(spec);
    if (figures !== null && (spec.trial === undefined || helps(figures.rss, recorded.rss))) {
      scenarios.push({ spec, figures });
    }
  }
  const base = baseline === null ? null : whatIfs.get(baseline.untrimmed);
  return { baseline: base?.rss ?? null, scenarios };
}
