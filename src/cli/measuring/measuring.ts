import { holds } from "../../insight/proof/holds.ts";
import { REPLAYER } from "../../native/native-programs.ts";
import { OperationsFileError } from "../../native-replay/operations-file.ts";
import { RecordedOperations } from "../../native-replay/recorded-operations.ts";
import {
  type ReplayingProcess,
  type ReplayingSystem,
  systemOf,
} from "../../native-replay/run-replayer.ts";
import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import type { MeasuredRun } from "../../report/contract/measurements.ts";
import type { Report, UnavailableScenario } from "../../report/contract/report.ts";
import { size } from "../../report/wording/format.ts";
import type { AnalysisRequest } from "../analysis/analysis-request.ts";
import { nativeFor } from "../commands/hook/run.ts";
import { writeErrorReason } from "../files/system-error.ts";
import type { Analyse, Io } from "../io.ts";
import { Failure } from "../problems.ts";
import { type Job, jobsFor, otherVersions, predictionOf } from "./jobs.ts";
import { measureJob, type Replayable } from "./measure-job.ts";
import type { Target } from "./target.ts";

/** What is measured besides the recorded settings, and with which glibcs. */
export interface Processes {
  /** allocators and glibcs besides `loader`'s */
  readonly targets: readonly Target[];
  /** ld.so of the glibc that settings are measured with; null: the machine's */
  readonly loader: string | null;
  /** true: threads run side by side, several times; false: in the log's order */
  readonly free: boolean;
}

/** What was measured of a log. */
export interface Measured {
  /** the recorded settings first */
  readonly runs: readonly MeasuredRun[];
  /** false: interrupted */
  readonly isComplete: boolean;
  /** what the measured glibc refuses */
  readonly unavailable: readonly UnavailableScenario[];
}

/** A log that is analysed, its operations written meanwhile, and replayed then. Must be closed. */
export class Measuring {
  readonly #request: AnalysisRequest;
  readonly #processes: Processes;
  readonly #io: Io;
  readonly #analyse: Analyse;
  readonly #replayer: string;
  readonly #systems: ReadonlyMap<string | null, ReplayingSystem>;
  readonly #trimPeriods: readonly number[];
  readonly #operations: RecordedOperations;
  /** aborts when the analysis is interrupted */
  #signal = new AbortController().signal;

  /** `replayer`: of the built program; `systems`: those of glibcs by their ld.so */
  constructor(
    request: AnalysisRequest,
    processes: Processes,
    io: Io,
    analyse: Analyse,
    replayer: string,
    systems: ReadonlyMap<string | null, ReplayingSystem>,
  ) {
    this.#request = request;
    this.#processes = processes;
    this.#io = io;
    this.#analyse = analyse;
    this.#replayer = replayer;
    this.#systems = systems;
    const { whatIfs, trials = [] } = request.analysis;
    const periods = [...whatIfs, ...trials].flatMap(({ trim }) =>
      typeof trim === "object" ? trim.everySeconds : [],
    );
    this.#trimPeriods = [...new Set(periods)];
    this.#operations = new RecordedOperations(this.#trimPeriods);
  }

  /** What analyses the log: it writes the operations, too. */
  get analyse(): Analyse {
    return (inputs, options, hooks) => {
      this.#signal = hooks.signal;
      const around: typeof hooks.around = (runner) => this.#operations.around(runner);
      return withFile(() => this.#analyse(inputs, options, { ...hooks, around }));
    };
  }

  /**
   * Replays the calls under the recorded settings, the chosen ones, and in the processes. Must be called after the analysis.
   * @throws Failure notReplayed, usage
   */
  async measure(report: Report, chosen: readonly ScenarioSpec[]): Promise<Measured> {
    const { targets, loader, free } = this.#processes;
    const version = (one: string | null): string => this.#systems.get(one)!.glibc;
    const { glibc, pageBytes } = this.#systems.get(loader)!;
    requirePages(report, pageBytes);
    const jobs = jobsFor(targets, chosen, { loader, glibc }, version);
    const others = otherVersions(jobs, report.model?.glibc ?? "");
    const ofOthers = others.length === 0 ? null : await this.#again(others);
    const { path } = this.#operations;
    if (path === null) {
      throw new Error("the operations are not complete");
    }
    return measureAll(
      jobs,
      {
        report,
        replayer: this.#replayer,
        operations: path,
        trimPeriods: this.#trimPeriods,
        free,
        signal: this.#signal,
      },
      ofOthers,
    );
  }

  close(): void {
    this.#operations.close();
  }

  /** Reads the log once more: only its first reading has shown of which version it is. */
  async #again(whatIfs: readonly ScenarioSpec[]): Promise<Report> {
    const { inputs, analysis } = this.#request;
    if (inputs.length === 0 || inputs.includes("-")) {
      const versions = [...new Set(whatIfs.map(({ glibc }) => glibc))].join(", ");
      const message = `the log is of another glibc than the one to measure with (${versions}), and is read twice: give it as a file`;
      throw new Failure({ code: "usage", message });
    }
    const options = { ...analysis, whatIfs, trials: [] };
    const hooks = { stdin: this.#io.stdin, signal: this.#signal, onProgress: () => {} };
    return this.#analyse(inputs, options, hooks);
  }
}

/**
 * Builds the replayer, if need be, asks the glibcs for their versions, and loads the other allocators.
 * @throws Failure hook, notReplayed
 */
export async function beginMeasuring(
  request: AnalysisRequest,
  processes: Processes,
  io: Io,
  analyse: Analyse,
): Promise<Measuring> {
  const replayer = nativeFor(REPLAYER, null, io);
  const systems = new Map<string | null, ReplayingSystem>();
  const others = processes.targets.flatMap((one) => (one.kind === "settings" ? one.loader : []));
  for (const loader of new Set([processes.loader, ...others])) {
    const what = loader ?? "glibc";
    systems.set(loader, await systemIn({ replayer, loader, library: null, env: {} }, what));
  }
  for (const one of processes.targets) {
    if (one.kind === "allocator") {
      const { loader } = processes;
      await systemIn({ replayer, loader, library: one.library, env: {} }, one.name);
    }
  }
  return new Measuring(request, processes, io, analyse, replayer, systems);
}

/** @throws Failure notReplayed: the temporary file cannot be written; and whatever `analyse` throws */
async function withFile<T>(analyse: () => Promise<T>): Promise<T> {
  try {
    return await analyse();
  } catch (error) {
    if (!(error instanceof OperationsFileError)) {
      throw error;
    }
    const reason = `its calls cannot be written to a file in ${error.folder}: ${writeErrorReason(error.cause)}; TMPDIR names another folder`;
    throw new Failure({ code: "notReplayed", what: "the log", reason });
  }
}

/** @throws Failure notReplayed: heaps of other pages have another RSS */
function requirePages({ model }: Report, pageBytes: number): void {
  if (model !== null && model.pageBytes !== pageBytes) {
    const reason = `its machine has pages of ${size(model.pageBytes)}, and this one of ${size(pageBytes)}`;
    throw new Failure({ code: "notReplayed", what: "the log", reason });
  }
}

/** Fails early, before the log is read, where a library cannot be loaded. */
async function systemIn(process: ReplayingProcess, what: string): Promise<ReplayingSystem> {
  const found = await systemOf(process, new AbortController().signal);
  if ("error" in found) {
    throw new Failure({ code: "notReplayed", what, reason: found.error });
  }
  return found.ok;
}

async function measureAll(
  jobs: readonly Job[],
  replayable: Replayable,
  ofOthers: Report | null,
): Promise<Measured> {
  const { report, free } = replayable;
  const unavailable = [...(report.unavailable ?? []), ...(ofOthers?.unavailable ?? [])];
  const isRefused = ({ name, glibc }: Job): boolean =>
    unavailable.some((one) => one.name === name || one.name === `${name},glibc=${glibc}`);
  const outside = report.model?.inferred.unloggedBytes ?? 0;
  const runs: MeasuredRun[] = [];
  for (const job of jobs.filter((one) => !isRefused(one))) {
    const run = await measureJob(job, predictionOf(job, report, ofOthers), replayable);
    if (run === null) {
      return { runs, isComplete: false, unavailable };
    }
    runs.push({ ...run, holds: free ? null : holds(run, runs[0] ?? run, outside) });
  }
  return { runs, isComplete: report.complete, unavailable };
}
