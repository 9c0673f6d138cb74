import { errorOf } from "../../insight/proof/holds.ts";
import { replayingEnvironment } from "../../native-replay/replaying-environment.ts";
import { replayNatively } from "../../native-replay/run-replayer.ts";
import type { MeasuredRun } from "../../report/measurements.ts";
import type { Report, Scenario } from "../../report/report.ts";
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
  readonly signal: AbortSignal;
}

/**
 * Replays the calls once. `predicted`: the scenario that predicts it. Returns null if `signal` has aborted.
 * @throws Failure notReplayed
 */
export async function measureJob(
  { name, allocator, library, loader, glibc, spec }: Job,
  predicted: Scenario | null,
  { report, replayer, operations, trimPeriods, signal }: Replayable,
): Promise<Omit<MeasuredRun, "holds"> | null> {
  const { model, scenarios, trace, recording } = report;
  if (model === null) {
    throw new Error("a measurement needs the model");
  }
  const settings =
    spec === null ? {} : (predicted?.settings ?? { ...model.settings, ...spec.settings });
  const tunables = recording?.tunables ?? null;
  const cpus = spec?.cpus ?? (model.cpusSource === "default" ? null : model.cpus);
  const env = replayingEnvironment({
    settings,
    recorded: tunables === null ? null : { settings: model.settings, tunables },
    cpus,
    arenas: predicted?.arenaCount ?? MANY_ARENAS,
    glibc,
  });
  const every = spec !== null && typeof spec.trim === "object" ? spec.trim.everySeconds : null;
  const measured = await replayNatively(
    { replayer, loader, library, env: spec === null ? {} : env },
    {
      operations,
      moments: [...new Set([predicted, scenarios[0]].map((one) => one?.rss.peakEvents ?? 0))],
      schedule: every === null ? 0 : trimPeriods.indexOf(every) + 1,
      trimsAtEnd: spec?.trim === "end",
      hugePages: spec === null || usesHugePages(model.thp, settings),
    },
    signal,
  );
  if (measured === null) {
    return null;
  }
  if ("error" in measured) {
    throw new Failure({ code: "notReplayed", what: name, reason: measured.error });
  }
  const { peakBytes, endBytes, purgedEndBytes, failedCalls, seconds } = measured.ok;
  const outside = model.inferred.unloggedBytes;
  const figures = {
    predicted: predicted && {
      peakBytes: predicted.rss.peakBytes,
      endBytes: predicted.rss.endBytes,
    },
    measured: { peakBytes: peakBytes + outside, endBytes: endBytes + outside },
  };
  return {
    name,
    allocator,
    glibc,
    settings,
    ...figures,
    purgedEndBytes: purgedEndBytes === null ? null : purgedEndBytes + outside,
    error: errorOf(figures),
    failedCalls,
    callsPerSecond: Math.round(trace.events / seconds),
  };
}

/** True if the process may have huge pages: with others its pages are as small as the model's. */
function usesHugePages(thp: string, settings: Readonly<Record<string, string>>): boolean {
  return thp === "always" || Object.keys(settings).some((name) => name.endsWith(".hugetlb"));
}
