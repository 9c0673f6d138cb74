import type { Analyse, AnalysisHooks } from "../cli/io.ts";
import { Failure } from "../cli/problems.ts";
import { Diagnostics } from "../input/diagnostics.ts";
import { InputError, inputErrorText } from "../input/input-error.ts";
import { SettingRefused } from "../recorded/models.ts";
import type { AnalysisOptions } from "../replay/analysis-options.ts";
import { touchReading } from "../replay/writes/touch-reading.ts";
import type { Report } from "../report/report.ts";
import { buildReport } from "../summary/build-report.ts";
import { OwnThread, type WhatIfLane } from "../what-if/runner.ts";
import { Analysis } from "./analysis.ts";
import { readInThread } from "./threads/read-in-worker.ts";
import { OtherCores } from "./threads/worker-runner.ts";

/** The code of threads that work besides this one. */
export interface Workers {
  /** reads the log (reading-worker.ts) */
  readonly reading: URL;
  /** replays what-ifs (what-if-worker.ts) */
  readonly whatIf: URL;
  /** cores of this machine; 2 or more */
  readonly cores: number;
}

/** The real analysis: bytes to events to models to the report. `workers`: null if there is no core for them. */
export function readAndReplay(version: string, workers: Workers | null): Analyse {
  return async (inputs, options, hooks) => {
    if (workers === null) {
      return analysed(version, null, new OwnThread(), inputs, options, hooks);
    }
    const lane = new OtherCores(workers.whatIf, workers.cores);
    try {
      return await analysed(version, workers.reading, lane, inputs, options, hooks);
    } finally {
      await lane.close();
    }
  };
}

async function analysed(
  version: string,
  reading: URL | null,
  lane: WhatIfLane,
  inputs: readonly string[],
  options: AnalysisOptions,
  { stdin, signal, onProgress }: AnalysisHooks,
): Promise<Report> {
  const analysis = new Analysis(options, lane);
  const diagnostics = new Diagnostics();
  const names = inputs.length === 0 ? ["-"] : inputs;
  const { isComplete } = await readInThread(reading, { names, stdin }, analysis, diagnostics, {
    signal,
    onProgress: ({ bytesRead, bytesTotal }) =>
      onProgress({
        bytes: bytesRead,
        totalBytes: bytesTotal,
        events: analysis.ledger.events,
      }),
  }).catch((error: unknown) => {
    if (error instanceof InputError) {
      throw inputFailure(error);
    }
    throw error instanceof SettingRefused ? settingFailure(error) : error;
  });
  const { lines, malformedKinds, samples, truncatedInputs } = diagnostics;
  const read = {
    complete: isComplete,
    sources: names,
    lines,
    malformedSamples: samples,
    malformedKinds,
    truncatedInputs,
  };
  const touch = touchReading(analysis);
  const whatIfs = await lane.figures(touch.reading);
  return buildReport(analysis, touch, whatIfs, read, version);
}

function inputFailure(error: InputError): Failure {
  const text = inputErrorText(error);
  return new Failure(
    error.problem.code === "stdinTwice"
      ? { code: "usage", message: text }
      : { code: "input", text },
  );
}

function settingFailure({ scenario, message }: SettingRefused): Failure {
  const option = scenario === null ? "--recorded-with" : `--what-if ${scenario}`;
  return new Failure({ code: "setting", option, reason: message });
}
