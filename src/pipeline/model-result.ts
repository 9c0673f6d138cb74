import { findPins } from "../insight/pins/pins.ts";
import { binContents } from "../ptmalloc/bin-contents.ts";
import { settingsOf, shownSettings } from "../recorded/candidate.ts";
import type { Detection } from "../recorded/detection.ts";
import type { CutSizes } from "../recorded/explain/cut-sizes.ts";
import { fidelity } from "../recorded/fidelity.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { assumedWritten } from "../replay/writes/assumed-written.ts";
import type { Holes } from "../replay/writes/holes.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { Touch } from "../replay/writes/touch.ts";
import type { TouchReading } from "../replay/writes/touch-reading.ts";
import type { RssFigures } from "../report/report.ts";
import type { Ledger } from "../trace/ledger.ts";
import type { LogFacts } from "../trace/log-facts.ts";
import type { MomentSearch } from "../trace/moment.ts";
import type { PinnedBytes } from "../trace/site-table.ts";
import {
  AS_RECORDED,
  type Baseline,
  comparedWith,
  movedToRecorded,
  scenariosOf,
} from "../what-if/baseline.ts";
import { causesRead } from "../what-if/cause-figures.ts";
import { PeakFigures } from "../what-if/peak-figures.ts";
import type { Replays } from "../what-if/rss-figures.ts";
import {
  type ScenarioFigures,
  scenarioFigures,
  sharedFigures,
} from "../what-if/scenario-figures.ts";
import { isAsRecorded } from "../what-if/what-ifs.ts";
import type { AnalysisOptions } from "./analysis-options.ts";
import type {
  ModelResult,
  RefusedScenario,
  RssComparison,
  ScenarioResult,
} from "./analysis-result.ts";
import type { CauseSeries } from "./cause-series.ts";
import { inspect } from "./inspection/inspect.ts";
import { pinResults } from "./pin-result.ts";
import { raiseResult } from "./raise-result.ts";
import type { RaiseSites } from "./raise-sites.ts";

/** An RSS sample of the log. The recorded run has a probe for each. */
export interface MeasuredRss {
  /** µs on the log's clock; NaN when unknown */
  readonly time: number;
  /** events of the log before it */
  readonly events: number;
  readonly bytes: number;
}

/** The state of an analysis at the log's end. */
export interface FinishedAnalysis {
  readonly options: AnalysisOptions;
  readonly facts: LogFacts;
  readonly ledger: Ledger;
  readonly touch: Touch;
  readonly holes: Holes;
  readonly cutSizes: CutSizes;
  readonly measured: readonly MeasuredRss[];
  readonly causeSeries: CauseSeries;
  readonly detection: Pick<Detection, "best" | "alive" | "indistinguishable" | "runnerUp">;
  readonly raiseSites: RaiseSites;
  /** null: no moment was asked for */
  readonly moment: MomentSearch | null;
  readonly touchReading: TouchReading;
  readonly refused: ReadonlyMap<ScenarioSpec, RefusedScenario>;
  /** what was replayed to be compared with the what-ifs; null: nothing */
  readonly baseline: Baseline | null;
  /** figures of the scenarios with replays of their own, and of the baseline's */
  readonly whatIfs: ReadonlyMap<ScenarioSpec, ScenarioFigures>;
}

/** Returns what the models found. Must be called once: it makes the malloc_trim calls at the end. */
export function modelResult(finished: FinishedAnalysis): ModelResult {
  const { options, facts, ledger, touch, holes, cutSizes, detection, touchReading } = finished;
  const { best } = detection;
  const { origin, recorded } = best;
  const { replay } = recorded.guided;
  const { reading, fit } = touchReading;
  return {
    origin,
    thpUnitBytes: replay.model.thpBytes,
    indistinguishable: detection.indistinguishable.map((one) => one.origin),
    runnerUp: detection.runnerUp,
    rssByGlibc: new Map(
      detection.alive.map((one) => [
        one.origin.glibc,
        reading.bytes(one.recorded.guided.model.resident.pages),
      ]),
    ),
    ...cpusOf(options, facts, recorded),
    settings: settingsOf(best),
    shownSettings: shownSettings(best),
    freezesThresholds: replay.model.par.noDynThreshold,
    touchName: touchReading.name,
    touchFit: fit,
    holes:
      holes.minBytes === null && holes.lines === 0
        ? null
        : { minBytes: holes.minBytes, lines: holes.lines },
    fidelity: fidelity(recorded, cutSizes),
    inferred: inferredBy(recorded, cutSizes),
    baseline: baselineRss(finished, recorded),
    assumedWritten: assumedWritten(replay, ledger.blocks, touch, holes, fit?.ratio ?? null),
    rssSamples: rssSamples(finished, replay, reading),
    arenasOf: arenasByThread(replay),
    pinned: pinnedBlocks(replay, reading),
    pins: pinResults(recorded.guided, ledger.blocks, reading),
    thresholdRaise: raiseResult(recorded.guided, finished.raiseSites, reading),
    inUse: recorded.guided.inUse.points(),
    eventsPerArenaPoint: recorded.guided.arenaSeries?.eventsPerPoint ?? 1,
    inspection: inspectionOf(finished, recorded, reading),
    causesOverTime: finished.causeSeries.samples.map(({ events, time, causes, pages }) => ({
      events,
      time,
      causes: causesRead(causes, reading.bytes(pages), reading),
    })),
    // Last, because trims at the end change the models.
    scenarios: scenarioResults(finished, recorded),
    refused: [...finished.refused.values()],
  };
}

function inspectionOf(
  { options, moment, ledger }: FinishedAnalysis,
  recorded: RecordedRun,
  reading: Reading,
): ModelResult["inspection"] {
  return options.inspect === undefined || moment === null
    ? null
    : inspect(recorded, moment, options.inspect, ledger, reading);
}

function cpusOf(
  options: AnalysisOptions,
  facts: LogFacts,
  recorded: RecordedRun,
): Pick<ModelResult, "cpus" | "cpusSource"> {
  const { cpus } = recorded;
  if (cpus === null) {
    return { cpus: options.hostCpus, cpusSource: "default" };
  }
  if (options.cpus !== null) {
    return { cpus, cpusSource: "given" };
  }
  return { cpus, cpusSource: facts.cpus === null ? "detected" : "log" };
}

function inferredBy(recorded: RecordedRun, cutSizes: CutSizes): ModelResult["inferred"] {
  const { inferredExits, inferredSwaps, lastExits } = recorded.state;
  const { moves, bytes } = recorded.foreignSbrk.state;
  return {
    threadExits: inferredExits + lastExits,
    lastExits,
    swaps: inferredSwaps,
    settingPointers: recorded.explainedBySettings,
    arenaChoices: recorded.arenaChoices,
    unloggedBytes: recorded.unloggedBytes,
    cutSizes: cutSizes.count,
    foreignSbrks: moves,
    foreignSbrkBytes: bytes,
  };
}

function rssSamples(
  { measured }: FinishedAnalysis,
  { rss: { probes } }: Replay,
  reading: Reading,
): RssComparison[] {
  if (probes.length === 0) {
    return [];
  }
  return measured.map((sample, i) => {
    const pages = probes[i];
    return { ...sample, modelledBytes: pages === undefined ? 0 : reading.bytes(pages) };
  });
}

function arenasByThread({ model }: Replay): (thread: number) => number[] {
  const users = model.threads.arenas.clone();
  return (thread) => users.of(thread);
}

/** Returns the blocks that pin free memory, and how much. */
function pinnedBlocks(replay: Replay, { plane }: Reading): PinnedBytes[] {
  const pins = findPins(replay.model, plane);
  const bytesBy = new Map(pins.map(({ chunk, bytes }) => [chunk, bytes]));
  const pinned: PinnedBytes[] = [];
  replay.eachBlock((block, chunk) => {
    const bytes = bytesBy.get(chunk);
    if (bytes !== undefined) {
      pinned.push({ block, bytes });
    }
  });
  return pinned;
}

/** Returns the baseline if the what-ifs must be compared with it; null if the recorded run itself serves. */
function baselineOf(
  { baseline, ledger }: FinishedAnalysis,
  { guided }: RecordedRun,
): Baseline | null {
  if (baseline?.ofOneThread === true) {
    return guided.isAnchored && ledger.threads.size === 1 ? baseline : null;
  }
  return baseline;
}

function baselineRss(finished: FinishedAnalysis, recorded: RecordedRun): RssFigures | null {
  const baseline = baselineOf(finished, recorded);
  return baseline === null ? null : (finished.whatIfs.get(baseline.untrimmed)?.rss ?? null);
}

/** Returns the recorded run's figures, then those of the what-ifs in the order asked for. */
function scenarioResults(finished: FinishedAnalysis, run: RecordedRun): ScenarioResult[] {
  const { options, ledger, refused, whatIfs } = finished;
  const { reading } = finished.touchReading;
  const { guided, otherwise } = run;
  const atPeak = (by: Reading) => run.peak.atPeak(guided, by.plane)?.replay ?? null;
  const replays: Replays = {
    likeliest: guided.replay,
    contended: [],
    otherwise,
    atPeak,
  };
  const { arenaSeries } = guided;
  const peak = new PeakFigures(replays, reading);
  const figures = scenarioFigures(
    replays,
    peak,
    reading,
    (arena, pages) => arenaSeries?.rssBytes(arena.id, pages, reading, ledger.events) ?? [],
  );
  const { model } = guided;
  const arenas = figures.arenas.map((arena) => ({
    ...arena,
    bins: binContents(model, model.arenas[arena.id]!),
  }));
  const recorded = { ...figures, arenas };
  const baseline = baselineOf(finished, run);
  const shared = options.whatIfs.filter(isAsRecorded);
  const bases = baseline === null ? [] : scenariosOf(AS_RECORDED);
  const asRecorded = sharedFigures(replays, [...shared, ...bases], reading, peak);
  run.peak.forget();
  const figuresOf = (spec: ScenarioSpec): ScenarioFigures => {
    const replayed = whatIfs.get(spec);
    if (replayed === undefined) {
      return asRecorded.get(spec)!;
    }
    return baseline === null
      ? replayed
      : movedToRecorded(replayed, {
          recorded: asRecorded.get(comparedWith(spec, AS_RECORDED))!,
          baseline: whatIfs.get(comparedWith(spec, baseline))!,
        });
  };
  return [
    { spec: null, figures: recorded },
    ...options.whatIfs
      .filter((spec) => !refused.has(spec))
      .map((spec) => ({ spec, figures: figuresOf(spec) })),
  ];
}
