import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import { MEASUREMENTS_SCHEMA, type Measurements } from "../../report/measurements.ts";
import type { Report } from "../../report/report.ts";
import type { AnalysisRequest } from "../analysis/analysis-request.ts";
import { withReport } from "../analysis/with-report.ts";
import { Exit } from "../exit-codes.ts";
import type { Analyse, Io } from "../io.ts";
import { beginMeasuring, type Measured, type Processes } from "./measuring.ts";

/** What to measure of a log. */
export interface MeasuringRequest extends Processes {
  readonly request: AnalysisRequest;
  /** the settings to measure, once the report has shown what helps */
  readonly choose: (report: Report) => readonly ScenarioSpec[];
  /** true: nothing is to be measured */
  readonly isWithheld: (report: Report) => boolean;
}

/**
 * Analyses a log and measures it, unless that is withheld. `conclude` shows what was measured, and returns the exit code.
 * @throws Failure hook, notReplayed, usage, and whatever `analyse` and `conclude` throw
 */
export async function measureLog(
  { request, choose, isWithheld, ...processes }: MeasuringRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
  conclude: (report: Report, measured: Measurements) => Promise<number>,
): Promise<number> {
  const measuring = await beginMeasuring(request, processes, io, analyse);
  try {
    return await withReport(request, io, measuring.analyse, commands, async (report) => {
      if (isWithheld(report)) {
        return Exit.unjudged;
      }
      const measured = await measuring.measure(report, choose(report));
      return conclude(report, measurementsOf(report, measured));
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
