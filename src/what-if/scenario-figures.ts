import type { Arena } from "../ptmalloc/arena.ts";
import { census, mallinfo2 } from "../ptmalloc/census.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type {
  ArenaSummary,
  CausesOfScenario,
  FreeBytes,
  Mallinfo2,
  RssFigures,
  SystemCalls,
} from "../report/contract/report.ts";
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
  /** null: not counted */
  readonly causes: CausesOfScenario | null;
  /** RSS in bytes at each point of the timeline */
  readonly rssSeries: readonly number[];
}

/** null: a trial that does not help */
export type MaybeFigures = ScenarioFigures | null;

/**
 * Returns the figures of scenarios that share their replays up to the log's end. Must be called once: those that trim there
 * come last and change the models. `explains`: false for totals only. `untrimmed`: the figures before the trims, if they are
 * known.
 */
export function sharedFigures(
  replays: Replays,
  specs: readonly ScenarioSpec[],
  reading: Reading,
  explains: boolean,
  peak = new PeakFigures(replays, reading, explains),
  untrimmed: ScenarioFigures | null = null,
): Map<ScenarioSpec, ScenarioFigures> {
  const figures = new Map<ScenarioSpec, ScenarioFigures>();
  const trimmed = specs.filter(({ trim }) => trim === "end");
  if (trimmed.length < specs.length) {
    const before = untrimmed ?? scenarioFigures(replays, peak, reading, explains);
    for (const spec of specs) {
      figures.set(spec, before);
    }
  }
  if (trimmed.length > 0) {
    if (explains) {
      peak.causes();
    }
    for (const replay of allOf(replays)) {
      replay.trim();
    }
    const after = scenarioFigures(replays, peak, reading, explains);
    for (const spec of trimmed) {
      figures.set(spec, after);
    }
  }
  return figures;
}

/** Returns the figures of the replays as they are now. `explains`: false leaves out causes and heap maps, which take time. */
export function scenarioFigures(
  replays: Replays,
  peak: PeakFigures,
  reading: Reading,
  explains: boolean,
): ScenarioFigures {
  const { likeliest } = replays;
  const { model, rss, state } = likeliest;
  const counted = census(model);
  const threads = threadsByArena(model);
  const threadsOf = (arena: Arena): number[] => threads[arena.id] ?? [];
  const arenas = arenaSummaries(model, counted, reading, threadsOf, explains);
  const figures = rssFigures(replays, peak.bytes, reading);
  return {
    glibc: model.profile.name,
    rss: figures,
    system: { endBytes: model.systemBytes, peakBytes: rss.systemPeakBytes },
    inUseBytes: model.inUseBytes,
    free: sumOfArenas(arenas),
    mmapped: { blocks: model.mappedBlocks, bytes: model.mappedBytes },
    trimmedBytes: reading.bytes(rss.trimmedPages),
    failedCalls: state.failedCalls,
    ...priceFigures(model, reading),
    arenas,
    mallinfo2: mallinfo2(model, counted),
    causes: explains ? causesOfScenario(likeliest, figures, peak, reading) : null,
    rssSeries: rssSeries(likeliest, reading).map((bytes) => Math.min(bytes, figures.peakBytes)),
  };
}

function causesOfScenario(
  likeliest: Replay,
  { peakBytes, endBytes }: RssFigures,
  peak: PeakFigures,
  reading: Reading,
): CausesOfScenario {
  const end = causeFigures(likeliest, reading);
  return { end, peak: peakBytes === endBytes ? end : peak.causes() };
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
