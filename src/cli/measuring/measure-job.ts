import { errorOf } from "../../insight/proof/holds.ts";
import type { Measurement } from "../../native-replay/measurement.ts";
import { RETURNS_AT_ONCE } from "../../native-replay/other-allocators.ts";
import { medianOf, replayRepeatedly } from "../../native-replay/repeated-replays.ts";
import { replayingEnvironment } from "../../native-replay/replaying-environment.ts";
import type { ReplayingProcess, ReplayOptions } from "../../native-replay/run-replayer.ts";
import type { MeasuredRss, MeasuredRun } from "../../report/contract/measurements.ts";
import type { Report, Scenario } from "../../report/contract/report.ts";
import { Failure } from "../problems.ts";
import type { Job } from "./jobs.ts";

/** Where nothing is predicted: more than any log has threads. */
const MANY_ARENAS = 2 ** 20;

/** What all replays of a log share. */
export interface Replayable {
  readonly report: Report;
  /** of the built replayer */
  readonly replayer: string;
  /** file of the operations */
  readonly operations: string;
  /** of scenarios that trim at intervals, in seconds; as the operations were written with */
  readonly trimPeriods: readonly number[];
  /** threads run side by side, several times */
  readonly free: boolean;
  readonly signal: AbortSignal;
}

/**
 * Replays the calls. `predicted`: the scenario that predicts it. Returns null if `signal` has aborted.
 * @throws Failure notReplayed
 */
export async function measureJob(
  job: Job,
  predicted: Scenario | null,
  replayable: Replayable,
): Promise<Omit<MeasuredRun, "holds"> | null> {
  const { report, free } = replayable;
  const { name, allocator, glibc, spec } = job;
  const { unloggedBytes: outside } = modelOf(report).inferred;
  const settings = settingsOf(job, predicted, report);
  const env = spec === null ? {} : environmentOf(job, settings, predicted, report);
  const runs = await replays(job, env, settings, predicted, replayable);
  if (runs === null) {
    return null;
  }
  const { failedCalls, seconds, purgedEndBytes, ...rss } = medianOf(runs);
  const purged =
    purgedEndBytes === null
      ? null
      : await replays(job, RETURNS_AT_ONCE, settings, predicted, replayable);
  if (purgedEndBytes !== null && purged === null) {
    return null;
  }
  const figures = {
    predicted: predicted && {
      peakBytes: predicted.rss.peakBytes,
      endBytes: predicted.rss.endBytes,
    },
    measured: withOutside(rss, outside),
  };
  return {
    name,
    allocator,
    glibc,
    settings,
    ...figures,
    freeRuns: free ? runs.map((run) => withOutside(run, outside)) : null,
    purged: purged && withOutside(purgedRss(medianOf(purged)), outside),
    error: errorOf(figures),
    failedCalls,
    callsPerSecond: Math.round(report.trace.events / seconds),
  };
}

function modelOf({ model }: Report): NonNullable<Report["model"]> {
  if (model === null) {
    throw new Error("a measurement needs the model");
  }
  return model;
}

function settingsOf(
  { spec }: Job,
  predicted: Scenario | null,
  report: Report,
): Readonly<Record<string, string>> {
  return spec === null
    ? {}
    : (predicted?.settings ?? { ...modelOf(report).settings, ...spec.settings });
}

function environmentOf(
  { spec, glibc }: Job,
  settings: Readonly<Record<string, string>>,
  predicted: Scenario | null,
  report: Report,
): ReplayingProcess["env"] {
  const model = modelOf(report);
  const tunables = report.recording?.tunables ?? null;
  return replayingEnvironment({
    settings,
    recorded: tunables === null ? null : { settings: model.settings, tunables },
    cpus: spec?.cpus ?? (model.cpusSource === "default" ? null : model.cpus),
    arenas: predicted?.arenaCount ?? MANY_ARENAS,
    glibc,
  });
}

/** @throws Failure notReplayed */
async function replays(
  { name, library, loader, spec }: Job,
  env: ReplayingProcess["env"],
  settings: Readonly<Record<string, string>>,
  predicted: Scenario | null,
  { report, replayer, operations, trimPeriods, free, signal }: Replayable,
): Promise<readonly Measurement[] | null> {
  const every = spec !== null && typeof spec.trim === "object" ? spec.trim.everySeconds : null;
  const peaks = [predicted, report.scenarios[0]].map((one) => one?.rss.peakEvents ?? 0);
  const options: ReplayOptions = {
    operations,
    moments: [...new Set(peaks)],
    schedule: every === null ? 0 : trimPeriods.indexOf(every) + 1,
    trimsAtEnd: spec?.trim === "end",
    hugePages: spec === null || usesHugePages(modelOf(report).thp, settings),
    free,
  };
  const runs = await replayRepeatedly({ replayer, loader, library, env }, options, signal);
  if (runs !== null && "error" in runs) {
    throw new Failure({ code: "notReplayed", what: name, reason: runs.error });
  }
  return runs?.ok ?? null;
}

/** Memory from outside the log is not replayed. */
function withOutside({ peakBytes, endBytes }: MeasuredRss, outside: number): MeasuredRss {
  return { peakBytes: peakBytes + outside, endBytes: endBytes + outside };
}

function purgedRss({ peakBytes, endBytes, purgedEndBytes }: Measurement): MeasuredRss {
  return { peakBytes, endBytes: purgedEndBytes ?? endBytes };
}

/** True if the process may have huge pages: with others its pages are as small as the model's. */
function usesHugePages(thp: string, settings: Readonly<Record<string, string>>): boolean {
  return thp === "always" || Object.keys(settings).some((name) => name.endsWith(".hugetlb"));
}
