import { holds } from "../../insight/proof/holds.ts";
import { REPLAYER } from "../../native/native-programs.ts";
import { RecordedOperations } from "../../native-replay/recorded-operations.ts";
import { glibcVersionOf } from "../../native-replay/run-replayer.ts";
import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import {
  MEASUREMENTS_SCHEMA,
  type MeasuredRun,
  type Measurements,
} from "../../report/measurements.ts";
import type { Report } from "../../report/report.ts";
import type { AnalysisRequest } from "../analysis/analysis-request.ts";
import { withReport } from "../analysis/with-report.ts";
import { nativeFor } from "../commands/hook/run.ts";
import type { Analyse, Io } from "../io.ts";
import { Failure } from "../problems.ts";
import { type Job, jobsFor, type MeasuredGlibc, otherVersions, predictionOf } from "./jobs.ts";
import { measureJob, type Replayable } from "./measure-job.ts";
import type { Target } from "./target.ts";

/** What to measure of a log. */
export interface Measuring {
  readonly request: AnalysisRequest;
  /** others than those of the machine's glibc are measured, too */
  readonly targets: readonly Target[];
  /** ld.so of the glibc to measure settings under; null: the machine's */
  readonly loader: string | null;
  /** the settings to measure, once the report has shown what helps */
  readonly choose: (report: Report) => readonly ScenarioSpec[];
  /** true: nothing is to be measured, and `conclude` gets null */
  readonly isRefused: (report: Report) => boolean;
}

/**
 * Analyses a log, writes its operations meanwhile, and replays them. `conclude` shows what was measured, and returns the exit
 * code.
 * @throws Failure hook, notReplayed, usage, and whatever `analyse` and `conclude` throw
 */
export async function measureLog(
  measuring: Measuring,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
  conclude: (report: Report, measured: Measurements | null) => Promise<number>,
): Promise<number> {
  const { request, targets, loader } = measuring;
  const replayer = nativeFor(REPLAYER, null, io);
  const never = new AbortController().signal;
  const loaders = targets.flatMap((one) => (one.kind === "settings" ? (one.loader ?? []) : []));
  const versions = new Map<string | null, string>();
  for (const one of new Set([loader, ...loaders])) {
    versions.set(one, await versionUnder(one, replayer, never));
  }
  const trimPeriods = periodsOf(request.analysis.whatIfs);
  const operations = new RecordedOperations(trimPeriods);
  let signal = never;
  const writing: Analyse = (inputs, options, hooks) => {
    signal = hooks.signal;
    return analyse(inputs, options, { ...hooks, around: (runner) => operations.around(runner) });
  };
  try {
    return await withReport(request, io, writing, commands, async (report) => {
      const { path } = operations;
      if (measuring.isRefused(report) || path === null) {
        return conclude(report, null);
      }
      const base: MeasuredGlibc = { loader, glibc: versions.get(loader)! };
      const jobs = jobsFor(targets, measuring.choose(report), base, (one) => versions.get(one)!);
      const others = otherVersions(jobs, report.model?.glibc ?? "");
      const ofOthers =
        others.length === 0 ? null : await again(request, others, io, analyse, signal);
      const replayable = { report, replayer, operations: path, trimPeriods, signal };
      return conclude(report, await measureAll(jobs, replayable, ofOthers));
    });
  } finally {
    operations.remove();
  }
}

/** Periods of scenarios that trim at intervals, in seconds, each once. */
function periodsOf(specs: readonly ScenarioSpec[]): number[] {
  const all = specs.flatMap(({ trim }) => (typeof trim === "object" ? trim.everySeconds : []));
  return [...new Set(all)];
}

async function versionUnder(
  loader: string | null,
  replayer: string,
  signal: AbortSignal,
): Promise<string> {
  const found = await glibcVersionOf({ replayer, loader, library: null, env: {} }, signal);
  if ("error" in found) {
    throw new Failure({ code: "notReplayed", what: loader ?? "glibc", reason: found.error });
  }
  return found.ok;
}

/** Reads the log once more: only its first reading has shown of which version it is. */
async function again(
  request: AnalysisRequest,
  whatIfs: readonly ScenarioSpec[],
  io: Io,
  analyse: Analyse,
  signal: AbortSignal,
): Promise<Report> {
  const { inputs, analysis } = request;
  if (inputs.length === 0 || inputs.includes("-")) {
    const versions = [...new Set(whatIfs.map(({ glibc }) => glibc))].join(", ");
    const message = `the log is of another glibc than is measured (${versions}), and must be read twice: give it as a file`;
    throw new Failure({ code: "usage", message });
  }
  const options = { ...analysis, whatIfs, whatIfsOnRaise: [] };
  return analyse(inputs, options, { stdin: io.stdin, signal, onProgress: () => {} });
}

async function measureAll(
  jobs: readonly Job[],
  replayable: Replayable,
  ofOthers: Report | null,
): Promise<Measurements> {
  const { report } = replayable;
  const { tool, model, grade } = report;
  if (model === null) {
    throw new Error("a measurement needs the model");
  }
  const runs: MeasuredRun[] = [];
  const unavailable = [...(report.unavailable ?? []), ...(ofOthers?.unavailable ?? [])];
  let isComplete = report.complete;
  for (const job of jobs) {
    const predicted = predictionOf(job, report, ofOthers);
    if (
      unavailable.some(({ name }) => name === job.name || name === `${job.name},glibc=${job.glibc}`)
    ) {
      continue;
    }
    const run = await measureJob(job, predicted, replayable);
    if (run === null) {
      isComplete = false;
      break;
    }
    runs.push({ ...run, holds: holds(run, runs[0] ?? run) });
  }
  return {
    schema: MEASUREMENTS_SCHEMA,
    tool,
    complete: isComplete,
    model: {
      glibc: model.glibc,
      settings: model.settings,
      fidelity: model.fidelity,
      touch: model.touch,
    },
    grade,
    outsideBytes: model.inferred.unloggedBytes,
    runs,
    unavailable,
  };
}
