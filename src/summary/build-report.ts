import { findings } from "../insight/findings.ts";
import { findPins } from "../insight/pins.ts";
import type { Analysis } from "../pipeline/analysis.ts";
import { PROFILES } from "../ptmalloc/profile.ts";
import { type Candidate, settingsOf, shownSettings } from "../recorded/detect.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import type { ScenarioSpec } from "../replay/analysis-options.ts";
import type { ScenarioRun } from "../replay/scenario-run.ts";
import { relativeError } from "../replay/writes/fit.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { TouchReading } from "../replay/writes/touch-reading.ts";
import type {
  Measured,
  ModelSummary,
  Report,
  Scenario,
  ThreadSummary,
  Timeline,
  TraceSummary,
} from "../report/report.ts";
import { AS_RECORDED, REPORT_SCHEMA } from "../report/report.ts";
import type { ThreadRow } from "../trace/threads.ts";
import type { Replays } from "../what-if/rss-figures.ts";
import {
  type ScenarioFigures,
  scenarioFigures,
  sharedFigures,
} from "../what-if/scenario-figures.ts";
import { isAsRecorded } from "../what-if/what-ifs.ts";
import { assumedWritten } from "./assumed-written.ts";
import { fidelity } from "./fidelity.ts";

/** What the reading of the log found out, besides its events. */
export interface ReadSummary {
  readonly complete: boolean;
  readonly sources: readonly string[];
  readonly lines: TraceSummary["lines"];
  readonly malformedSamples: TraceSummary["malformedSamples"];
  readonly malformedKinds: TraceSummary["malformedKinds"];
  readonly truncatedInputs: number;
}

/**
 * The report of an analysis that has seen the whole log, as `touch` reads it, and of its what-ifs' figures, read alike.
 * To be called once: it makes the malloc_trim calls at the end.
 */
export function buildReport(
  analysis: Analysis,
  touch: TouchReading,
  whatIfs: readonly ScenarioFigures[],
  read: ReadSummary,
  version: string,
): Report {
  const { ledger } = analysis;
  const asRecorded = analysis.recorded?.recorded.replays ?? null;
  const recorded = asRecorded?.run ?? null;
  const { reading } = touch;
  const rssByGlibc = new Map(
    analysis.detection?.alive.map(({ origin, recorded: { run } }) => [
      origin.glibc,
      reading.bytes(run.model.resident.pages),
    ]),
  );
  const trace = traceSummary(analysis, read);
  const threads = threadSummaries(analysis, recorded, reading);
  const figures = asRecorded === null ? [] : allFigures(analysis, asRecorded, reading, whatIfs);
  const scenarios = figures.map(([spec, one]) => scenarioSummary(analysis, spec, one));
  const [first] = scenarios;
  const frozen = recorded?.model.par.noDynThreshold ?? false;
  return {
    schema: REPORT_SCHEMA,
    tool: { name: "mallog", version },
    complete: read.complete,
    trace,
    threads,
    live: {
      bytes: ledger.blocks.liveBytes,
      blocks: ledger.blocks.liveBlocks,
      peakBytes: ledger.liveBytes.peak,
      peakTime: seconds(analysis, ledger.peakTime),
    },
    model: modelSummary(analysis, touch),
    scenarios,
    measured: measured(analysis, reading),
    timeline: timeline(analysis, figures),
    findings:
      first === undefined ? [] : findings(first, threads, trace.anomalies, frozen, rssByGlibc),
    budgets: [],
  };
}

/** Seconds since the log's first event; null when unknown. */
function seconds(analysis: Analysis, time: number): number | null {
  const since = (time - analysis.ledger.clock.first) / 1e6;
  return Number.isNaN(since) ? null : since;
}

function traceSummary(analysis: Analysis, read: ReadSummary): TraceSummary {
  const { ledger } = analysis;
  const { first, last } = ledger.clock;
  return {
    format: "native",
    sources: read.sources,
    events: ledger.events,
    threads: ledger.threads.size,
    firstTime: Number.isNaN(first) ? null : first / 1e6,
    lastTime: Number.isNaN(last) ? null : last / 1e6,
    lines: read.lines,
    malformedSamples: read.malformedSamples,
    pointerBits: analysis.pointerBits,
    anomalies: { ...ledger.anomalies, truncatedInputs: read.truncatedInputs },
    malformedKinds: read.malformedKinds,
  };
}

function threadSummaries(
  analysis: Analysis,
  recorded: ScenarioRun | null,
  reading: Reading,
): ThreadSummary[] {
  const arenas: number[][] = [];
  const pinned: number[] = [];
  if (recorded !== null) {
    for (const av of recorded.model.arenas) {
      for (const thread of av.threads) {
        arenas[thread] ??= [];
        arenas[thread].push(av.id);
      }
    }
    for (const { owner, bytes } of ownedPins(analysis, recorded, reading)) {
      pinned[owner] = (pinned[owner] ?? 0) + bytes;
    }
  }
  return analysis.ledger.threads
    .rows()
    .map((row, thread) =>
      threadSummary(analysis, thread, row, arenas[thread] ?? [], pinned[thread] ?? 0),
    );
}

/** The pins with the threads whose blocks they are. */
function ownedPins(
  analysis: Analysis,
  recorded: ScenarioRun,
  { plane }: Reading,
): { owner: number; bytes: number }[] {
  const { blocks } = analysis.ledger;
  const pins = findPins(recorded.model, plane);
  const bytesBy = new Map(pins.map(({ chunk, bytes }) => [chunk, bytes]));
  const owned: { owner: number; bytes: number }[] = [];
  recorded.eachBlock((block, chunk) => {
    const bytes = bytesBy.get(chunk);
    if (bytes !== undefined) {
      owned.push({ owner: blocks.ownerOf(block), bytes });
    }
  });
  return owned;
}

function threadSummary(
  analysis: Analysis,
  thread: number,
  row: ThreadRow,
  arenas: readonly number[],
  pinnedBytes: number,
): ThreadSummary {
  const { malloc, calloc, realloc, memalign, free, calls } = row;
  return {
    tid: row.tid,
    name: analysis.facts.threadNames.get(row.tid) ?? null,
    topFrame: null,
    calls: { malloc, calloc, realloc, memalign, free, total: calls },
    lines: row.lines,
    failedCalls: row.failedCalls,
    volumeBytes: row.volumeBytes,
    liveBytes: row.liveBytes,
    liveBlocks: row.liveBlocks,
    peakLiveBytes: row.peakLiveBytes,
    freedByOthersBytes: row.freedByOthersBytes,
    freedForOthersBytes: row.freedForOthersBytes,
    takenFromOthers: row.takenFromOthers,
    pinnedBytes,
    arenas,
    firstTime: seconds(analysis, row.firstTime),
    lastTime: seconds(analysis, row.lastTime),
    liveTimeline: analysis.ledger.threads.liveTimeline(thread, analysis.ledger.events),
  };
}

function modelSummary(analysis: Analysis, touch: TouchReading): ModelSummary | null {
  const { recorded, detection } = analysis;
  if (recorded === null || detection === null) {
    return null;
  }
  const { origin, recorded: run } = recorded;
  return {
    glibc: origin.glibc,
    glibcSource: origin.glibcSource,
    glibcRange: PROFILES.filter(({ name, sameAddressesAs }) =>
      detection.indistinguishable.some(({ origin: { glibcSource, profile } }) =>
        glibcSource === "detected"
          ? profile.name === name || profile.name === sameAddressesAs
          : profile.name === name,
      ),
    ).flatMap(({ versions }) => versions),
    glibcRunnerUp: detection.runnerUp,
    ...cpusOf(analysis, run),
    ...settingsSummary(recorded),
    touch: touch.name,
    fit: touch.fit,
    holes: holesSummary(analysis),
    thp: origin.thp,
    fidelity: fidelity(analysis, run),
    inferred: {
      threadExits: run.inferredExits + run.lastExits,
      lastExits: run.lastExits,
      swaps: run.inferredSwaps,
      settingPointers: run.explainedBySettings,
      arenaChoices: run.arenaChoices,
      unloggedBytes: run.unloggedBytes,
      cutSizes: analysis.cutSizes.count,
      foreignSbrks: run.foreignSbrk.moves,
      foreignSbrkBytes: run.foreignSbrk.bytes,
    },
    assumedWritten: assumedWritten(analysis, touch.fit),
  };
}

function settingsSummary(
  recorded: Candidate,
): Pick<ModelSummary, "settings" | "settingsSource" | "settingsRange" | "settingsOrElse"> {
  const settings = settingsOf(recorded);
  const shown = shownSettings(recorded);
  const source = Object.keys(settings).map((name) => {
    const isShown = shown.some((one) => one.name === name);
    return [name, isShown ? "detected" : recorded.origin.settingsSource] as const;
  });
  const range = shown
    .filter(({ above, upTo }) => upTo !== above + 1)
    .map(({ name, above, upTo }) => {
      const to = Number.isFinite(upTo) ? upTo : null;
      return [name, { from: above + 1, to }] as const;
    });
  return {
    settings,
    settingsSource: Object.fromEntries(source),
    settingsRange: Object.fromEntries(range),
    settingsOrElse: Object.fromEntries(
      shown.filter(({ others }) => others.length > 0).map(({ name, others }) => [name, others]),
    ),
  };
}

function cpusOf(
  { options, facts }: Analysis,
  run: RecordedRun,
): Pick<ModelSummary, "cpus" | "cpusSource"> {
  if (run.cpus === null) {
    return { cpus: options.hostCpus, cpusSource: "default" };
  }
  if (options.cpus !== null) {
    return { cpus: run.cpus, cpusSource: "given" };
  }
  return { cpus: run.cpus, cpusSource: facts.cpus === null ? "detected" : "log" };
}

function holesSummary({ holes: { minBytes, lines } }: Analysis): ModelSummary["holes"] {
  return minBytes === null && lines === 0 ? null : { minBytes, lines };
}

function measured(analysis: Analysis, reading: Reading): Measured | null {
  const probes = analysis.recorded?.recorded.run.probes ?? [];
  const rssSamples = analysis.measured.map(({ time, events, bytes }, i) => {
    const pages = probes[i];
    const modelledBytes = pages === undefined ? 0 : reading.bytes(pages);
    return { time: seconds(analysis, time), events, bytes, modelledBytes };
  });
  if (rssSamples.length === 0 || probes.length === 0) {
    return null;
  }
  return { rssSamples, error: relativeError(rssSamples) };
}

/**
 * The run as recorded, and the scenarios in the order asked for. Those that trim at the end are taken last, since that
 * changes their model. `own` are the figures of those that have models of their own.
 */
function allFigures(
  analysis: Analysis,
  asRecorded: Replays,
  reading: Reading,
  own: readonly ScenarioFigures[],
): (readonly [ScenarioSpec | null, ScenarioFigures])[] {
  const { arenaTimeline } = asRecorded.run;
  const { events } = analysis.ledger;
  const first = scenarioFigures(
    asRecorded,
    reading,
    (arena, pages) => arenaTimeline?.rssBytes(arena.id, pages, reading, events) ?? [],
  );
  const asked = analysis.options.whatIfs;
  const figures = sharedFigures(asRecorded, asked.filter(isAsRecorded), reading);
  analysis.whatIfs.forEach((spec, i) => {
    figures.set(spec, own[i]!);
  });
  return [[null, first], ...asked.map((spec) => [spec, figures.get(spec)!] as const)];
}

function scenarioSummary(
  analysis: Analysis,
  spec: ScenarioSpec | null,
  figures: ScenarioFigures,
): Scenario {
  const { rss, arenas, inUseBytes: inUse } = figures;
  const requested = analysis.ledger.blocks.liveBytes;
  return {
    name: spec?.name ?? AS_RECORDED,
    settings: { ...(analysis.recorded && settingsOf(analysis.recorded)), ...spec?.settings },
    trim: trimName(spec?.trim ?? "never"),
    glibc: spec?.glibc ?? analysis.recorded?.origin.glibc ?? figures.glibc,
    rss: { ...rss, peakTime: seconds(analysis, rss.peakTime) },
    system: figures.system,
    requestedBytes: requested,
    inUseBytes: inUse,
    free: figures.free,
    mmapped: figures.mmapped,
    fragmentation: {
      internal: inUse === 0 ? 0 : 1 - requested / inUse,
      external: rss.endBytes === 0 ? 0 : 1 - inUse / rss.endBytes,
    },
    trimmedBytes: figures.trimmedBytes,
    failedCalls: figures.failedCalls,
    arenaCount: arenas.length,
    arenas: arenas.map((arena) => ({ ...arena, threads: tidsOf(analysis, arena.threads) })),
    mallinfo2: figures.mallinfo2,
  };
}

function trimName(trim: ScenarioSpec["trim"]): string {
  return typeof trim === "string" ? trim : `${trim.everySeconds}s`;
}

function tidsOf(analysis: Analysis, threads: readonly number[]): number[] {
  const tids = new Set(threads.map((thread) => analysis.ledger.threads.tidOf(thread)));
  return [...tids].sort((a, b) => a - b);
}

function timeline(
  analysis: Analysis,
  figures: readonly (readonly [ScenarioSpec | null, ScenarioFigures])[],
): Timeline {
  const { ledger } = analysis;
  const recorded = analysis.recorded?.recorded.run ?? null;
  const series = figures.map(([spec, { rssSeries }]) => [spec?.name ?? AS_RECORDED, rssSeries]);
  return {
    time: ledger.time.points().map((time) => seconds(analysis, time)),
    eventsPerPoint: ledger.liveBytes.eventsPerPoint,
    liveBytes: ledger.liveBytes.points(),
    inUseBytes: recorded?.inUse?.points() ?? [],
    perScenario: Object.fromEntries(series),
    eventsPerThreadPoint: ledger.threads.eventsPerPoint,
    eventsPerArenaPoint: recorded?.arenaTimeline?.eventsPerPoint ?? 1,
  };
}
