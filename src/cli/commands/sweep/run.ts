import { swept } from "../../../insight/cures/swept.ts";
import { whatIfNotes } from "../../../insight/cures/what-if-notes.ts";
import { figuresBasis } from "../../../insight/figures-basis.ts";
import type { Report } from "../../../report/contract/report.ts";
import { type GridAxis, SWEEP_SCHEMA, type Sweep } from "../../../report/contract/sweep.ts";
import { DEFAULT_SORT } from "../../../report/order/sort-threads.ts";
import { sweepText } from "../../../report/text/sweep-text.ts";
import { jsonPieces } from "../../../report/writers/json.ts";
import { analysisRequest } from "../../analysis/analysis-request.ts";
import {
  DOCUMENT_ENDINGS,
  type DocumentFormat,
  isWithheld,
  writeDocument,
} from "../../analysis/document.ts";
import { withinLongestText } from "../../analysis/longest-text.ts";
import { withReport } from "../../analysis/with-report.ts";
import { Exit } from "../../exit-codes.ts";
import { outputFiles } from "../../files/output-file.ts";
import type { Analyse, Io } from "../../io.ts";
import { accepted } from "../../options/option-values.ts";
import { Failure } from "../../problems.ts";
import { combinations } from "./grid.ts";
import type { SweepRequest } from "./options.ts";

/**
 * Runs `mallog sweep`. Returns the exit code. `commands`: the names of all commands.
 * @throws Failure, and whatever `analyse` throws
 */
export async function sweepLog(
  { inputs, values }: SweepRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const { output = [], grid = [], ...analysed } = values;
  if (grid.length === 0) {
    const message = "no grid given; add --grid 'MALLOC_ARENA_MAX=1,2,4'";
    throw new Failure({ code: "usage", message });
  }
  const whatIf = accepted("--grid", null, combinations(grid, values.glibc));
  const request = analysisRequest(
    inputs,
    { ...analysed, whatIf, model: true, sort: DEFAULT_SORT, by: "thread" },
    io.hostCpus,
  );
  const outputs = outputFiles(output, inputs, io.cwd, DOCUMENT_ENDINGS);
  return withReport(request, io, analyse, commands, async (report) => {
    if (isWithheld(report, values, "figures", io)) {
      return Exit.unjudged;
    }
    const sweep = sweepOf(report, grid);
    const remarks = [...figuresBasis(report).map(({ text }) => text), ...whatIfNotes(report)];
    const format: DocumentFormat = (json, style) =>
      json
        ? jsonPieces(sweep)
        : [withinLongestText(null, () => sweepText(sweep, remarks, { ...style, top: values.top }))];
    await writeDocument(format, outputs, values, request, io);
    return Exit.done;
  });
}

function sweepOf(report: Report, grid: readonly GridAxis[]): Sweep {
  const { tool, complete, model, grade, scenarios, unavailable = [] } = report;
  if (model === null) {
    throw new Error("a sweep needs the model");
  }
  const { glibc, settings, fidelity } = model;
  return {
    schema: SWEEP_SCHEMA,
    tool,
    complete,
    grid,
    model: { glibc, settings, fidelity },
    grade,
    scenarios: swept(scenarios),
    unavailable,
  };
}
