import { curesOf } from "../insight/cures/cures.ts";
import { gradeOf, isUnreliable, TRUSTED_RATIO } from "../insight/evidence/grade.ts";
import { otherAllocator } from "../insight/evidence/other-allocator.ts";
import { findings, withoutModel } from "../insight/findings.ts";
import { patternFindings } from "../insight/who/allocation-patterns.ts";
import type {
  AnalysisResult,
  LogResult,
  ReadSummary,
  RefusedScenario,
  ScenarioResult,
} from "../pipeline/analysis-result.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { relativeError } from "../replay/writes/fit.ts";
import {
  AS_RECORDED,
  type CallerSummary,
  type Causes,
  type Measured,
  REPORT_SCHEMA,
  type Report,
  type Scenario,
  type ThreadSummary,
  type Timeline,
  type TraceSummary,
} from "../report/contract/report.ts";
import type { ThreadDump } from "../trace/stated/thread-dump.ts";
import { callerSummaries, sizeSummaries } from "./allocation-summaries.ts";
import { DumpedThreads } from "./dumped-threads.ts";
import { jvmSummary } from "./jvm-summary.ts";
import { modelSummary } from "./model-summary.ts";
import { pinSummaries } from "./pin-summaries.ts";
import { processSummaries } from "./process-summaries.ts";
import { secondsSinceStart } from "./seconds.ts";
import { siteColumns } from "./site-columns.ts";
import { threadSummaries } from "./thread-summaries.ts";
import { thresholdSummary } from "./threshold-summary.ts";

/** Turns what an analysis found into the report. `version` is mallog's own; `dumps`: of the process's threads. */
export function summarize(
  result: AnalysisResult,
  version: string,
  dumps: readonly ThreadDump[] = [],
): Report {
  const { ledger, model } = result;
  const dumped = new DumpedThreads(result, dumps);
  const threads = threadSummaries(result, dumped);
  const trace = traceSummary(result, threads);
  const scenarios = (model?.scenarios ?? []).map((one) => scenarioSummary(result, one));
  const [recorded] = scenarios;
  const { callerNames } = result.read;
  const table = ledger.sites.table(model?.pinned);
  const callers = callerSummaries(table, ledger, callerNames, result.mappings);
  const pins = pinSummaries(result, callerNames);
  const thresholdRaise = thresholdSummary(result, callerNames);
  const samples = measured(result);
  const sites = siteColumns(table, ledger, callerNames);
  const ungraded = {
    schema: REPORT_SCHEMA,
    tool: { name: "mallog" as const, version },
    complete: result.read.complete,
    ...(result.read.isInterim ? { interim: true } : {}),
    trace,
    threads,
    callers,
    sizes: sizeSummaries(table, ledger),
    sites,
    live: {
      bytes: ledger.blocks.liveBytes,
      blocks: ledger.blocks.liveBlocks,
      peakBytes: ledger.liveBytes.peak,
      peakTime: secondsSinceStart(ledger, ledger.peakTime),
    },
    model: modelSummary(result),
    scenarios,
    ...causes(result),
    ...(model === null ? {} : { pins, thresholdRaise }),
    measured: samples,
    timeline: timeline(result),
    findings: [
      ...(recorded === undefined || model === null
        ? []
        : findings({
            recorded,
            scenarios,
            thresholdRaise,
            callers,
            threads,
            pins,
            trace,
            lostCalls: result.statedProcess.lostCalls,
            fidelity: model.fidelity,
            outsideBytes: model.inferred.unloggedBytes,
            refersToPlaces: samples !== null || model.holes !== null,
            freezesThresholds: model.freezesThresholds,
            rssByGlibc: model.rssByGlibc,
          })),
      ...patternFindings(sites),
    ],
    ...processSummaries(result, (one) =>
      summarize({ ...one, read: result.read, processes: [] }, version, dumps),
    ),
    budgets: [],
    ...unavailable(model?.refused ?? []),
    ...recordingSummary(result),
    ...(dumped.summary === null ? {} : { threadDumps: dumped.summary }),
    ...jvm(result, callers, dumps, dumped, threads),
  } satisfies Omit<Report, "grade">;
  const grade = gradeOf(ungraded);
  const known = isUnreliable({ grade }) ? withoutModel(ungraded.findings) : ungraded.findings;
  const report = { ...ungraded, grade, findings: known };
  return model === null ? report : { ...report, cures: curesOf(report) };
}

function jvm(
  result: LogResult,
  callers: readonly CallerSummary[],
  dumps: readonly ThreadDump[],
  { summary }: DumpedThreads,
  threads: readonly ThreadSummary[],
): Pick<Report, "jvm"> {
  const own = dumps.filter((_, i) => (summary?.dumps[i]?.matched ?? 0) > 0);
  const found = jvmSummary(result, callers, own, threads);
  return found === null ? {} : { jvm: found };
}

function recordingSummary({ statedProcess }: LogResult): Pick<Report, "recording"> {
  const { pid, command, limitBytes, otherRssBytes, lostCalls, isForked, tunables } = statedProcess;
  const stated = { pid, command, limitBytes, otherRssBytes, lostCalls };
  const isSilent = Object.values(stated).every((value) => value === null || value === 0);
  return isSilent && tunables === null
    ? {}
    : {
        recording: {
          ...stated,
          ...(tunables === null ? {} : { tunables }),
          ...(isForked ? { forked: true } : {}),
        },
      };
}

function unavailable(refused: readonly RefusedScenario[]): Pick<Report, "unavailable"> {
  if (refused.length === 0) {
    return {};
  }
  return {
    unavailable: refused.map(({ spec: { name, settings }, glibc, reason }) => ({
      name,
      settings,
      glibc,
      reason,
    })),
  };
}

function traceSummary(result: AnalysisResult, threads: readonly ThreadSummary[]): TraceSummary {
  const { ledger, pointerBits, read } = result;
  const { least, greatest } = ledger.clock;
  const { anomalies } = ledger;
  return {
    format: read.format,
    ...(read.foreign === null ? {} : { foreign: read.foreign }),
    sources: read.sources,
    ...(read.areSorted ? { sortedByTime: true } : {}),
    ...(read.withParents.length === 0 ? {} : { withParents: read.withParents }),
    events: ledger.events,
    threads: ledger.threads.size,
    firstTime: Number.isNaN(least) ? null : least / 1e6,
    lastTime: Number.isNaN(greatest) ? null : greatest / 1e6,
    lines: read.lines,
    malformedSamples: read.malformedSamples,
    pointerBits,
    anomalies: {
      ...anomalies,
      reordered: anomalies.reordered + result.movedLate,
      truncatedInputs: read.truncatedInputs,
    },
    malformedKinds: read.malformedKinds,
    ...(read.layout === null ? {} : { layout: read.layout }),
    ...unreadCalls(read, threads),
    ...threadBuffersSummary(result),
    ...allocatorSummary(result),
  };
}

function unreadCalls(
  read: ReadSummary,
  threads: readonly ThreadSummary[],
): Pick<TraceSummary, "unreadCalls"> {
  if (read.unreadCalls.length === 0) {
    return {};
  }
  return {
    unreadCalls: read.unreadCalls.map((unread) => ({
      ...unread,
      read: threads.reduce((sum, { calls }) => sum + calls[unread.call], 0),
    })),
  };
}

function threadBuffersSummary({
  ledger,
  threadBuffers,
}: LogResult): Pick<TraceSummary, "threadBuffers"> {
  if (threadBuffers.areShown) {
    const { late, latestBy } = threadBuffers;
    return { threadBuffers: { lines: late, latestBy: latestBy / 1e6 } };
  }
  if (threadBuffers.mayExist && ledger.showsLostOrder) {
    return { threadBuffers: { lines: ledger.displacedCalls, latestBy: null } };
  }
  return {};
}

/** A log whose pointers the model reproduces is glibc's, whatever else shows. */
function allocatorSummary({
  allocatorSigns,
  model,
  read: { foreign },
}: AnalysisResult): Pick<TraceSummary, "allocator"> {
  const isGlibc = model !== null && model.fidelity.ratio >= TRUSTED_RATIO;
  const isKnown = foreign !== null && foreign.addresses !== "glibc";
  if (isGlibc || isKnown) {
    return {};
  }
  const allocator = otherAllocator(allocatorSigns);
  return allocator === null ? {} : { allocator };
}

function measured({ ledger, model }: LogResult): Measured | null {
  const rssSamples = (model?.rssSamples ?? []).map((sample) => ({
    ...sample,
    time: secondsSinceStart(ledger, sample.time),
  }));
  return rssSamples.length === 0 ? null : { rssSamples, error: relativeError(rssSamples) };
}

function scenarioSummary(
  { ledger, model }: LogResult,
  { spec, figures }: ScenarioResult,
): Scenario {
  const { rss, arenas, inUseBytes: inUse } = figures;
  const requested = ledger.blocks.liveBytes;
  return {
    name: spec?.name ?? AS_RECORDED,
    settings: { ...model?.settings, ...spec?.settings },
    trim: trimName(spec?.trim ?? "never"),
    glibc: spec?.glibc ?? model?.origin.glibc ?? figures.glibc,
    rss: { ...rss, peakTime: secondsSinceStart(ledger, rss.peakTime) },
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
    systemCalls: figures.systemCalls,
    pageFaults: figures.pageFaults,
    arenaCount: arenas.length,
    arenas: arenas.map((arena) => ({
      ...arena,
      threads: tidsOf(ledger, arena.threads),
    })),
    mallinfo2: figures.mallinfo2,
  };
}

function causes({ model }: LogResult): Pick<Report, "causes"> {
  if (model === null) {
    return {};
  }
  const byName = model.scenarios.flatMap(({ spec, figures }) =>
    figures.causes === null ? [] : [[spec?.name ?? AS_RECORDED, figures.causes] as const],
  );
  return { causes: Object.fromEntries(byName) };
}

function trimName(trim: ScenarioSpec["trim"]): string {
  return typeof trim === "string" ? trim : `${trim.everySeconds}s`;
}

function tidsOf({ threads }: LogResult["ledger"], indices: readonly number[]): number[] {
  const tids = new Set(indices.map((thread) => threads.tidOf(thread)));
  return [...tids].sort((a, b) => a - b);
}

function causeColumns({ ledger, model }: LogResult): Pick<Timeline, "causes"> {
  if (model === null) {
    return {};
  }
  const all = model.causesOverTime;
  const column = (cause: keyof Causes): number[] => all.map(({ causes }) => causes[cause]);
  return {
    causes: {
      events: all.map(({ events }) => events),
      time: all.map(({ time }) => secondsSinceStart(ledger, time)),
      live: column("live"),
      mapped: column("mapped"),
      overhead: column("overhead"),
      unwritten: column("unwritten"),
      tcache: column("tcache"),
      fastbins: column("fastbins"),
      returnable: column("returnable"),
      pinned: column("pinned"),
      tops: column("tops"),
      idleArenas: column("idleArenas"),
      unlogged: column("unlogged"),
    },
  };
}

function timelineMarks({
  marks,
  ledger,
  read,
}: LogResult & { readonly read: ReadSummary }): Pick<Timeline, "marks"> {
  return marks.first.length === 0
    ? {}
    : {
        marks: marks.first.map(({ label, line, events, time }) => ({
          label: read.markLabels.get(label) ?? "",
          line,
          events,
          time: secondsSinceStart(ledger, time),
        })),
      };
}

function timeline(result: LogResult & { readonly read: ReadSummary }): Timeline {
  const { ledger, model } = result;
  const series = (model?.scenarios ?? []).map(({ spec, figures }) => [
    spec?.name ?? AS_RECORDED,
    figures.rssSeries,
  ]);
  return {
    time: ledger.time.points().map((time) => secondsSinceStart(ledger, time)),
    eventsPerPoint: ledger.liveBytes.eventsPerPoint,
    liveBytes: ledger.liveBytes.points(),
    inUseBytes: model?.inUse ?? [],
    perScenario: Object.fromEntries(series),
    eventsPerThreadPoint: ledger.threads.eventsPerPoint,
    siteEvents: ledger.siteSeries.events(ledger.events),
    eventsPerArenaPoint: model?.eventsPerArenaPoint ?? 1,
    ...causeColumns(result),
    ...timelineMarks(result),
  };
}
