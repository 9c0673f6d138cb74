import { isUnreliable } from "../../insight/evidence/grade.ts";
import type { Cure } from "../../report/contract/cure.ts";
import type { MeasuredRun } from "../../report/contract/measured-run.ts";
import type { Report } from "../../report/contract/report.ts";
import type { AnalysisRequest } from "../analysis/analysis-request.ts";
import { withReport } from "../analysis/with-report.ts";
import type { OutputFile } from "../files/output-file.ts";
import type { Analyse, Io } from "../io.ts";
import { curesAmong } from "./cures-among.ts";
import { beginMeasuring, type Measured } from "./measuring.ts";

/**
 * Analyses a log, and adds to the report what is measured of the recorded settings and of the cures. `conclude` prints it, and
 * returns the exit code.
 * @throws Failure, and whatever `analyse` and `conclude` throw
 */
export async function withProof(
  request: AnalysisRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
  conclude: (report: Report, outputs: readonly OutputFile[]) => Promise<number>,
): Promise<number> {
  const measuring = await beginMeasuring(
    request,
    { targets: [], loader: null, free: false },
    io,
    analyse,
  );
  try {
    return await withReport(request, io, measuring.analyse, commands, async (report, outputs) => {
      if (isUnreliable(report)) {
        return conclude(report, outputs);
      }
      const measured = await measuring.measure(report, curesAmong(request, report, false));
      return conclude(proven(report, measured), outputs);
    });
  } finally {
    measuring.close();
  }
}

function proven(report: Report, { runs }: Measured): Report {
  const [recorded] = runs;
  if (recorded === undefined) {
    return report;
  }
  const cures = report.cures?.map((cure) => {
    const run = runs.find(({ name }) => name === cure.name);
    return run === undefined ? cure : { ...cure, measured: measuredOf(run, recorded) };
  });
  const proof = { glibc: recorded.glibc, runs };
  return { ...report, ...(cures === undefined ? {} : { cures }), proof };
}

function measuredOf(run: MeasuredRun, recorded: MeasuredRun): NonNullable<Cure["measured"]> {
  const at = (moment: "peakBytes" | "endBytes") => ({
    bytes: run.measured[moment],
    change: run.measured[moment] - recorded.measured[moment],
  });
  return { peak: at("peakBytes"), end: at("endBytes"), holds: run.holds === true };
}
