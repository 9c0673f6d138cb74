import { findPins } from "../insight/pins/pins.ts";
import { settingsOf, shownSettings } from "../recorded/candidate.ts";
import type { CutSizes } from "../recorded/explain/cut-sizes.ts";
import { fidelity } from "../recorded/fidelity.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { assumedWritten } from "../replay/writes/assumed-written.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { PinnedBytes } from "../trace/ledger/site-table.ts";
import type { LogFacts } from "../trace/stated/log-facts.ts";
import { causesRead } from "../what-if/cause-figures.ts";
import type { MaybeFigures } from "../what-if/scenario-figures.ts";
import type { AnalysisOptions } from "./analysis-options.ts";
import type { ModelResult, RssComparison } from "./analysis-result.ts";
import type { FinishedAnalysis } from "./finished-analysis.ts";
import { inspect } from "./inspection/inspect.ts";
import { memoryAt } from "./memory-at.ts";
import { pinResults } from "./pin-result.ts";
import { raiseResult } from "./raise-result.ts";
import { compared, type SharedRun, sharedRun } from "./shared-run.ts";

/** What the models found before the what-ifs with replays of their own are known. */
export interface OwnResult extends Omit<ModelResult, "baseline" | "scenarios"> {
  readonly sharedRun: SharedRun;
}

/** Adds the what-ifs: figures of the scenarios with replays of their own, and of the baseline's. */
export function modelResult(
  { sharedRun, ...found }: OwnResult,
  whatIfs: ReadonlyMap<ScenarioSpec, MaybeFigures>,
): ModelResult {
  return { ...found, ...compared(sharedRun, whatIfs) };
}

/** Returns what the recorded run shows. Must be called once: it makes the malloc_trim calls at the end. */
export function ownResult(finished: FinishedAnalysis): OwnResult {
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
    lowestRatio: reading.lowestRatio,
    holes:
      holes.minBytes === null && holes.lines === 0
        ? null
        : { minBytes: holes.minBytes, lines: holes.lines },
    fidelity: fidelity(recorded, cutSizes),
    inferred: inferredBy(recorded, cutSizes),
    assumedWritten: assumedWritten(replay, ledger.blocks, touch, holes, fit?.ratio ?? null),
    rssSamples: rssSamples(finished, replay, reading),
    arenasOf: arenasByThread(replay),
    pinned: pinnedBlocks(replay, reading),
    pins: pinResults(recorded.guided, ledger.blocks, reading),
    thresholdRaise: raiseResult(recorded.guided, finished.raiseSites, reading),
    inUse: recorded.guided.inUse.points(),
    eventsPerArenaPoint: recorded.guided.arenaSeries?.eventsPerPoint ?? 1,
    inspection: inspectionOf(finished, recorded, reading),
    observed: finished.moments.observed.map(({ search, later }) =>
      memoryAt(recorded, search, { ledger, reading, later }),
    ),
    causesOverTime: finished.causeSeries.samples.map(({ events, time, causes, pages }) => ({
      events,
      time,
      causes: causesRead(causes, reading.bytes(pages), reading),
    })),
    refused: [...finished.refused.values()],
    // Last, because trims at the end change the models.
    sharedRun: sharedRun(finished, recorded),
  };
}

function inspectionOf(
  { options, moments: { inspected }, ledger }: FinishedAnalysis,
  recorded: RecordedRun,
  reading: Reading,
): ModelResult["inspection"] {
  return options.inspect === undefined || inspected === null
    ? null
    : inspect(recorded, inspected, options.inspect, ledger, reading);
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
  return model.threads.arenas.byThread();
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
