import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import { MEASUREMENTS_SCHEMA, type Measurements } from "../../report/contract/measurements.ts";
import type { Report } from "../../report/contract/report.ts";
import type { AnalysisRequest } from "../analysis/analysis-request.ts";
import { isWithheld } from "../analysis/document.ts";
import { withReport } from "../analysis/with-report.ts";
import { Exit } from "../exit-codes.ts";
import type { OutputFile } from "../files/output-file.ts";
import type { Analyse, Io } from "../io.ts";
import { beginMeasuring, type Measured, type Processes } from "./measuring.ts";
import type { MeasuringValues } from "./measuring-options.ts";
import { showMeasurements } from "./show-measurements.ts";

/** What to measure of a log. */
export interface MeasuringRequest extends Processes {
  readonly request: AnalysisRequest;
  /** the settings to measure, once the report has shown what helps */
  readonly choose: (report: Report) => readonly ScenarioSpec[];
  readonly values: MeasuringValues;
  /** files of -o */
  readonly outputs: readonly OutputFile[];
  readonly exitCode: (measured: Measurements) => number;
}

/**
 * Analyses a log, and measures it if the log supports the model's figures. Shows what was measured. Returns the exit code.
 * @throws Failure, and whatever `analyse` throws
 */
export async function measureLog(
  { request, choose, values, outputs, exitCode, ...processes }: MeasuringRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const measuring = await beginMeasuring(request, processes, io, analyse);
  try {
    return await withReport(request, io, measuring.analyse, commands, async (report) => {
      if (isWithheld(report, values, "figures", io)) {
        return Exit.unjudged;
      }
      const measured = await measuring.measure(report, choose(report));
      const measurements = measurementsOf(report, measured);
      await showMeasurements(measurements, report, outputs, values, request, io);
      return exitCode(measurements);
    });
  } finally {
    measuring.close();
  }
}

function measurementsOf(
  { tool, model, grade }: Report,
  { runs, isComplete, unavailable }: Measured,
): Measurements {
  if (model === null) {
    throw new Error("a measurement needs the model");
  }
  const { glibc, glibcRange, settings, fidelity, touch, inferred } = model;
  return {
    schema: MEASUREMENTS_SCHEMA,
    tool,
    complete: isComplete,
    model: { glibc, glibcRange, settings, fidelity, touch },
    grade,
    outsideBytes: inferred.unloggedBytes,
    runs,
    unavailable,
  };
}
