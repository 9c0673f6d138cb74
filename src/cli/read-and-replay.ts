import { Diagnostics } from "../input/diagnostics.ts";
import { InputError, inputErrorText } from "../input/input-error.ts";
import { readLog } from "../input/read-log.ts";
import { Analysis } from "../replay/analysis.ts";
import { buildReport } from "../replay/build-report.ts";
import type { Analyse } from "./io.ts";
import { Failure } from "./problems.ts";

/** The real analysis: bytes to events to models to the report. */
export function readAndReplay(version: string): Analyse {
  return async (inputs, options, { stdin, signal, onProgress }) => {
    const analysis = new Analysis(options);
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
      throw error instanceof InputError ? asFailure(error) : error;
    });
    const { lines, samples, truncatedInputs } = diagnostics;
    const { total, parsed, comments, malformed } = lines;
    const read = {
      complete: isComplete,
      sources: names,
      lines: { total, parsed, comments, malformed },
      malformedSamples: samples,
      truncatedInputs,
    };
    return buildReport(analysis, read, version);
  };
}

function asFailure(error: InputError): Failure {
  const text = inputErrorText(error);
  return new Failure(
    error.problem.code === "stdinTwice"
      ? { code: "usage", message: text }
      : { code: "input", text },
  );
}
