import { Diagnostics } from "../input/diagnostics.ts";
import { InputError, inputErrorText } from "../input/input-error.ts";
import { readLog } from "../input/read-log.ts";
import { Analysis } from "../replay/analysis.ts";
import { buildReport } from "../replay/build-report.ts";
import { SettingRefused } from "../replay/models.ts";
import { touchReading } from "../replay/touch-reading.ts";
import { OwnThread } from "../replay/what-if-lane.ts";
import type { Analyse } from "./io.ts";
import { Failure } from "./problems.ts";

/** The real analysis: bytes to events to models to the report. */
export function readAndReplay(version: string): Analyse {
  return async (inputs, options, { stdin, signal, onProgress }) => {
    const lane = new OwnThread();
    const analysis = new Analysis(options, lane);
    const diagnostics = new Diagnostics();
    const names = inputs.length === 0 ? ["-"] : inputs;
    const { isComplete } = await readLog({ names, stdin }, analysis, diagnostics, {
      signal,
      onProgress: ({ bytesRead, bytesTotal }) =>
        onProgress({
          bytes: bytesRead,
          totalBytes: bytesTotal ?? null,
          events: analysis.ledger.events,
        }),
    }).catch((error: unknown) => {
      if (error instanceof InputError) throw inputFailure(error);
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
    const whatIfs = await lane.figures(touchReading(analysis).reading);
    return buildReport(analysis, whatIfs, read, version);
  };
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
