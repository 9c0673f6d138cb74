import { Diagnostics } from "../input/diagnostics.ts";
import { bytesOfParents } from "../input/forked-log.ts";
import type { GivenShape } from "../input/formats/columns/given-columns.ts";
import { inOrderOfTime } from "../input/piece-order.ts";
import type { Preview } from "../input/read-log.ts";
import { InlineRunner, type WhatIfRunner } from "../what-if/what-if-runner.ts";
import type { AnalysisHooks } from "./analysis-hooks.ts";
import type { LogOptions } from "./analysis-options.ts";
import type { AnalysisResult } from "./analysis-result.ts";
import { ProcessAnalyses } from "./process-analyses.ts";
import { readSummary, type Sources } from "./read-summary.ts";
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

/**
 * Reads a log and replays it: bytes to events, ledger and models. `inputs` are paths, `-` for standard input; none means
 * standard input. `workers` is null if there is no core for them.
 * @throws InputError an input cannot be read
 * @throws SettingRefused the log's glibc does not accept a setting
 * @throws NoSuchProcess `options.process` is not in the log
 * @throws OutOfMemory
 */
export async function analyse(
  inputs: readonly string[],
  options: LogOptions,
  hooks: AnalysisHooks<AnalysisResult>,
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
    const { around = (runner) => runner } = hooks;
    const processes = new ProcessAnalyses(options, () => around(newRunner()));
    return await readAndReplay(
      inputs,
      hooks,
      workers?.reading ?? null,
      processes,
      options.given ?? null,
    );
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
}

async function readAndReplay(
  paths: readonly string[],
  { stdin, signal, onProgress, follows = false, onStart }: AnalysisHooks<AnalysisResult>,
  reader: URL | null,
  processes: ProcessAnalyses,
  given: GivenShape | null,
): Promise<AnalysisResult> {
  const diagnostics = new Diagnostics();
  const asked = paths.length === 0 ? ["-"] : paths;
  const names = follows ? asked : await inOrderOfTime(asked, given);
  const sources = {
    names,
    areSorted: names !== asked,
    withParents: follows ? [] : names.filter((name) => name !== "-" && bytesOfParents(name) > 0),
  };
  // Only in this thread is all that has been read at hand.
  const thread = follows || onStart !== undefined ? null : reader;
  const inputs = { names, stdin, follows, given };
  const { isComplete } = await readInWorker(thread, inputs, processes, diagnostics, {
    signal,
    onStart: (preview) => onStart?.(() => snapshot(processes, diagnostics, preview, sources)),
    onProgress: ({ bytesRead, bytesTotal }) =>
      onProgress({ bytes: bytesRead, totalBytes: bytesTotal, events: processes.events }),
  });
  return { ...(await processes.result()), read: readSummary(diagnostics, sources, isComplete) };
}

/** Returns what has been found so far; null if that is nothing, or if the log has ended. */
function snapshot(
  processes: ProcessAnalyses,
  diagnostics: Diagnostics,
  preview: Preview,
  sources: Sources,
): AnalysisResult | null {
  const held = processes.another();
  const counts = new Diagnostics();
  const isHeld = preview(held, counts);
  const found = (isHeld ? held : processes).snapshot();
  // The reader goes on counting.
  const read = structuredClone(isHeld ? counts : diagnostics);
  return found === null ? null : { ...found, read: readSummary(read, sources, false, true) };
}
