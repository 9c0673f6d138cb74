import { Diagnostics } from "../input/diagnostics.ts";
import { inOrderOfTime } from "../input/piece-order.ts";
import { InlineRunner, type WhatIfRunner } from "../what-if/what-if-runner.ts";
import type { AnalysisHooks } from "./analysis-hooks.ts";
import type { LogOptions } from "./analysis-options.ts";
import type { AnalysisResult, LogResult, ProcessResult } from "./analysis-result.ts";
import type { MemberAnalysis } from "./member-process.ts";
import { refuseFullHeap } from "./out-of-memory.ts";
import { ProcessAnalyses } from "./process-analyses.ts";
import { readSummary } from "./read-summary.ts";
import { readInWorker } from "./threads/read-in-worker.ts";
import { WorkerRunner } from "./threads/worker-runner.ts";

/** The code of the worker threads. */
export interface Workers {
  /** reads the log (reading-worker.ts) */
  readonly reading: URL;
  /** replays what-ifs (what-if-worker.ts) */
  readonly whatIf: URL;
  /** cores of this machine; 2 or more */
  readonly cores: number;
}

/** Processes whose what-ifs are replayed in workers: a log mostly has one, or a script and a program. */
const MAX_RUNNERS = 2;

/** The log has none of the processes that were asked for. */
export class NoSuchProcess extends Error {
  readonly asked: string;
  /** the processes in the log */
  readonly names: readonly string[];

  constructor(asked: string, names: readonly string[]) {
    super(`the log has no process ${asked}`);
    this.asked = asked;
    this.names = names;
  }
}

/**
 * Reads a log and replays it: bytes to events, ledger and models. `inputs` are paths, `-` for standard input; none means
 * standard input. `workers` is null if there is no core for them.
 * @throws InputError an input cannot be read
 * @throws SettingRefused the log's glibc does not accept a setting
 * @throws NoSuchProcess
 * @throws OutOfMemory
 */
export async function analyse(
  inputs: readonly string[],
  options: LogOptions,
  hooks: AnalysisHooks,
  workers: Workers | null,
): Promise<AnalysisResult> {
  const runners: WorkerRunner[] = [];
  function newRunner(): WhatIfRunner {
    if (workers === null || runners.length === MAX_RUNNERS) {
      return new InlineRunner();
    }
    const runner = new WorkerRunner(workers.whatIf, workers.cores);
    runners.push(runner);
    return runner;
  }
  try {
    const processes = new ProcessAnalyses(options, newRunner);
    return await readAndReplay(inputs, options, hooks, workers?.reading ?? null, processes);
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
}

async function readAndReplay(
  inputs: readonly string[],
  options: LogOptions,
  { stdin, signal, onProgress }: AnalysisHooks,
  reader: URL | null,
  processes: ProcessAnalyses,
): Promise<AnalysisResult> {
  const diagnostics = new Diagnostics();
  const given = inputs.length === 0 ? ["-"] : inputs;
  const names = await inOrderOfTime(given);
  const { isComplete } = await readInWorker(reader, { names, stdin }, processes, diagnostics, {
    signal,
    onProgress: ({ bytesRead, bytesTotal }) =>
      onProgress({ bytes: bytesRead, totalBytes: bytesTotal, events: processes.events }),
  });
  const { members, reported } = processes;
  if (reported?.analysed == null) {
    throw new NoSuchProcess(
      options.process ?? "",
      members.map(({ name }) => name),
    );
  }
  const found: ProcessResult[] = [];
  for (const member of members) {
    const { name, events, volumeBytes, analysed } = member;
    const { pid, origin } = member.known;
    const isReported = member === reported;
    const isAsked = isReported || options.process === "all";
    const result = isAsked && analysed !== null ? await resultOf(analysed) : null;
    found.push({
      name,
      pid,
      origin,
      events,
      volumeBytes,
      isReported,
      result,
    });
  }
  const result = found.find(({ isReported }) => isReported)?.result ?? null;
  return {
    ...(result ?? (await resultOf(reported.analysed))),
    read: readSummary(diagnostics, { names, areSorted: names !== given }, isComplete),
    processes: found,
  };
}

async function resultOf({ analysis, runner }: MemberAnalysis): Promise<LogResult> {
  const touch = analysis.touchReading();
  const whatIfs = await runner.figures(touch.reading);
  refuseFullHeap();
  return analysis.result(touch, whatIfs);
}
