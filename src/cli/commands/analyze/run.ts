import { type AnalysisValues, analysisRequest } from "../../analysis/analysis-request.ts";
import { withReport } from "../../analysis/with-report.ts";
import { formatForTerminal, writeFiles } from "../../analysis/write-report.ts";
import { Exit } from "../../exit-codes.ts";
import type { Analyse, Io } from "../../io.ts";
import { print } from "../../terminal/print.ts";

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
  return withReport(request, io, analyse, commands, async (report, outputs) => {
    await writeFiles(report, request, outputs);
    if (!request.quiet || outputs.length === 0) {
      await print(io.stdout, await formatForTerminal(report, request, io));
    }
    return Exit.done;
  });
}
