import { census, mallinfo2 } from "../ptmalloc/census.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type {
  ArenaSummary,
  CausesOfScenario,
  FreeBytes,
  Mallinfo2,
  RssFigures,
  SystemCalls,
} from "../report/report.ts";
import { arenaSummaries, sumOfArenas } from "./arena-summaries.ts";
import { causeFigures } from "./cause-figures.ts";
import { PeakFigures } from "./peak-figures.ts";
import { priceFigures } from "./price-figures.ts";
import { allOf, type Replays, rssFigures, rssSeries } from "./rss-figures.ts";

/**
 * The figures of a scenario's replays; plain data, which may come from another thread. Times are in µs on the log's
 * clock, NaN when unknown; threads are dense indices.
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
  readonly systemCalls: SystemCalls;
  /** in pages of the kernel */
  readonly pageFaults: number;
  readonly arenas: readonly ArenaSummary[];
  readonly mallinfo2: Mallinfo2;
  readonly causes: CausesOfScenario;
  /** RSS in bytes at each point of the timeline */
  readonly rssSeries: readonly number[];
}

/** null: a trial that does not help */
export type MaybeFigures = ScenarioFigures | null;

/**
 * Returns the figures of scenarios that share their replays up to the log's end. Must be called once: those that trim there
 * come last and change the models. `untrimmed`: the figures before the trims, if they are known.
 */
export function sharedFigures(
  replays: Replays,
  specs: readonly ScenarioSpec[],
  reading: Reading,
  peak = new PeakFigures(replays, reading),
  untrimmed: ScenarioFigures | null = null,
): Map<ScenarioSpec, ScenarioFigures> {
  const figures = new Map<ScenarioSpec, ScenarioFigures>();
  const trimmed = specs.filter(({ trim }) => trim === "end");
  if (trimmed.length < specs.length) {
    const before = untrimmed ?? scenarioFigures(replays, peak, reading);
    for (const spec of specs) {
      figures.set(spec, before);
    }
  }
  if (trimmed.length > 0) {
    peak.causes();
    for (const replay of allOf(replays)) {
      replay.trim();
    }
    const after = scenarioFigures(replays, peak, reading);
    for (const spec of trimmed) {
      figures.set(spec, after);
    }
  }
  return figures;
}

/** Returns the figures of the replays as they are now. */
export function scenarioFigures(
  replays: Replays,
  peak: PeakFigures,
  reading: Reading,
): ScenarioFigures {
  const { likeliest } = replays;
  const { model, rss, state } = likeliest;
  const counted = census(model);
  const threads = threadsByArena(model);
  const arenas = arenaSummaries(model, counted, reading, (arena) => threads[arena.id] ?? []);
  const figures = rssFigures(replays, peak.bytes, reading);
  const causesAtEnd = causeFigures(likeliest, reading);
  return {
    glibc: model.profile.name,
    rss: figures,
    system: { endBytes: model.systemBytes, peakBytes: rss.state.systemPeakBytes },
    inUseBytes: model.inUseBytes,
    free: sumOfArenas(arenas),
    mmapped: { blocks: model.mappedBlocks, bytes: model.mappedBytes },
    trimmedBytes: reading.bytes(rss.trimmedPages),
    failedCalls: state.failedCalls,
    ...priceFigures(model, reading),
    arenas,
    mallinfo2: mallinfo2(model, counted),
    causes: {
      end: causesAtEnd,
      peak: figures.peakBytes === figures.endBytes ? causesAtEnd : peak.causes(),
    },
    rssSeries: rssSeries(likeliest, reading).map((bytes) => Math.min(bytes, figures.peakBytes)),
  };
}

/** The dense indices of the threads that used each arena, by its id. */
function threadsByArena({ threads }: Ptmalloc): number[][] {
  const byArena: number[][] = [];
  threads.arenas.each((thread, id) => {
    byArena[id] ??= [];
    byArena[id].push(thread);
  });
  return byArena;
}
