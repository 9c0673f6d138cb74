import { Diagnostics } from "../input/diagnostics.ts";
import { inOrderOfTime } from "../input/piece-order.ts";
import { InlineRunner, type WhatIfRunner } from "../what-if/what-if-runner.ts";
import { Analysis } from "./analysis.ts";
import type { AnalysisHooks } from "./analysis-hooks.ts";
import type { AnalysisOptions } from "./analysis-options.ts";
import type { AnalysisResult } from "./analysis-result.ts";
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

/**
 * Reads a log and replays it: bytes to events, ledger and models. `inputs` are paths, `-` for standard input; none means
 * standard input. `workers` is null if there is no core for them.
 * @throws InputError an input cannot be read
 * @throws SettingRefused the log's glibc does not accept a setting
 */
export async function analyse(
  inputs: readonly string[],
  options: AnalysisOptions,
  hooks: AnalysisHooks,
  workers: Workers | null,
): Promise<AnalysisResult> {
  if (workers === null) {
    return readAndReplay(inputs, options, hooks, null, new InlineRunner());
  }
  const runner = new WorkerRunner(workers.whatIf, workers.cores);
  try {
    return await readAndReplay(inputs, options, hooks, workers.reading, runner);
  } finally {
    await runner.close();
  }
}

async function readAndReplay(
  inputs: readonly string[],
  options: AnalysisOptions,
  { stdin, signal, onProgress }: AnalysisHooks,
  reader: URL | null,
  runner: WhatIfRunner,
): Promise<AnalysisResult> {
  const analysis = new Analysis(options, runner);
  const diagnostics = new Diagnostics();
  const given = inputs.length === 0 ? ["-"] : inputs;
  const names = await inOrderOfTime(given);
  const { isComplete } = await readInWorker(reader, { names, stdin }, analysis, diagnostics, {
    signal,
    onProgress: ({ bytesRead, bytesTotal }) =>
      onProgress({
        bytes: bytesRead,
        totalBytes: bytesTotal,
        events: analysis.ledger.events,
      }),
  });
  const touch = analysis.touchReading();
  const whatIfs = await runner.figures(touch.reading);
  return {
    ...analysis.result(touch, whatIfs),
    read: readSummary(diagnostics, { names, areSorted: names !== given }, isComplete),
  };
}
