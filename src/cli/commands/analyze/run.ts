import type { Report } from "../../../report/contract/report.ts";
import {
  type AnalysisRequest,
  type AnalysisValues,
  analysisRequest,
  isRepeatable,
} from "../../analysis/analysis-request.ts";
import { withReport } from "../../analysis/with-report.ts";
import { formatForTerminal, formatInterim, writeFiles } from "../../analysis/write-report.ts";
import { Exit } from "../../exit-codes.ts";
import type { OutputFile } from "../../files/output-file.ts";
import type { Analyse, Io } from "../../io.ts";
import { problemText } from "../../problem-text.ts";
import { Failure } from "../../problems.ts";
import { message } from "../../terminal/message.ts";
import { isPrinted, print } from "../../terminal/print.ts";

/**
 * Runs `mallog analyze`. Returns the exit code. `commands`: the names of all commands.
 * @throws Failure, and whatever `analyse` throws
 */
export function analyzeLog(
  inputs: readonly string[],
  values: AnalysisValues,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const request = analysisRequest(inputs, values, io.hostCpus);
  if (values.verify) {
    return verified(request, io, analyse, commands);
  }
  const prints = !request.quiet || request.outputs.length === 0;
  return withReport(
    request,
    io,
    analyse,
    commands,
    async (report, outputs) => {
      await writeFiles(report, request, outputs);
      if (prints) {
        await print(io.stdout, await formatForTerminal(report, request, io));
      }
      return Exit.done;
    },
    async (report, outputs) => {
      await writeInterimFiles(report, request, outputs, io);
      return !prints || !isRepeatable(request.form)
        ? true
        : isPrinted(io.stdout, await formatInterim(report, request, io));
    },
  );
}

/** The same with --verify, which has no interim reports. */
async function verified(
  request: AnalysisRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const { withProof } = await import("../../measuring/with-proof.ts");
  return withProof(request, io, analyse, commands, async (report, outputs) => {
    await writeFiles(report, request, outputs);
    if (!request.quiet || request.outputs.length === 0) {
      await print(io.stdout, await formatForTerminal(report, request, io));
    }
    return Exit.done;
  });
}

/** A file that cannot be written now may be the next time: the last report decides. */
async function writeInterimFiles(
  report: Report,
  request: AnalysisRequest,
  outputs: readonly OutputFile[],
  io: Io,
): Promise<void> {
  try {
    await writeFiles(report, request, outputs);
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    message(io.stderr, `interim report: ${problemText(error.problem, null)}`);
  }
}
