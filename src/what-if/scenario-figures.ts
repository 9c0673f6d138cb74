import type { Arena } from "../ptmalloc/arena.ts";
import { census, mallinfo2 } from "../ptmalloc/census.ts";
import type { ScenarioSpec } from "../replay/analysis-options.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { ArenaSummary, FreeBytes, Mallinfo2, RssFigures } from "../report/report.ts";
import { arenaSummaries, sumOfArenas } from "./arena-summaries.ts";
import { allOf, type Replays, rssFigures, rssSeries } from "./rss-figures.ts";

/**
 * What the report takes from the replays of a scenario: plain data, which may come from another thread. Times are in µs
 * on the log's clock, NaN when unknown; threads are dense indices.
 */
export interface ScenarioFigures {
  /** the model's glibc */
  readonly glibc: string;
  readonly rss: RssFigures & { readonly peakTime: number };
  readonly system: { readonly endBytes: number; readonly peakBytes: number };
  readonly inUseBytes: number;
  readonly free: FreeBytes;
  readonly mmapped: { readonly blocks: number; readonly bytes: number };
  readonly trimmedBytes: number;
  readonly failedCalls: number;
  readonly arenas: readonly ArenaSummary[];
  readonly mallinfo2: Mallinfo2;
  /** RSS in bytes at each point of the timeline */
  readonly rssSeries: readonly number[];
}

/**
 * The figures of scenarios that share their replays up to the log's end. Those that trim there are taken last, since
 * that changes the models: to be called once.
 */
export function sharedFigures(
  replays: Replays,
  specs: readonly ScenarioSpec[],
  reading: Reading,
): Map<ScenarioSpec, ScenarioFigures> {
  const figures = new Map<ScenarioSpec, ScenarioFigures>();
  for (const spec of specs) {
    if (spec.trim !== "end") {
      figures.set(spec, scenarioFigures(replays, reading));
    }
  }
  const trimmed = specs.filter(({ trim }) => trim === "end");
  if (trimmed.length > 0) {
    for (const run of allOf(replays)) {
      run.trim();
    }
  }
  for (const spec of trimmed) {
    figures.set(spec, scenarioFigures(replays, reading));
  }
  return figures;
}

/** The figures as the replays stand; `rssTimeline` is an arena's RSS along the run, where it was followed. */
export function scenarioFigures(
  replays: Replays,
  reading: Reading,
  rssTimeline: (arena: Arena, pages: ArrayLike<number>) => number[] = () => [],
): ScenarioFigures {
  const { run } = replays;
  const { model } = run;
  const counted = census(model);
  const arenas = arenaSummaries(model, counted, reading, {
    tids: (arena) => [...arena.threads],
    rssTimeline,
  });
  return {
    glibc: model.profile.name,
    rss: rssFigures(replays, reading),
    system: { endBytes: model.systemBytes, peakBytes: run.systemPeakBytes },
    inUseBytes: model.inUseBytes,
    free: sumOfArenas(arenas),
    mmapped: { blocks: model.mappedBlocks, bytes: model.mappedBytes },
    trimmedBytes: reading.bytes(run.trimmedPages),
    failedCalls: run.failedCalls,
    arenas,
    mallinfo2: mallinfo2(model, counted),
    rssSeries: rssSeries(run, reading),
  };
}
