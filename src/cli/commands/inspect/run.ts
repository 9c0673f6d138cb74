import { figuresBasis } from "../../../insight/figures-basis.ts";
import type { InspectOptions } from "../../../pipeline/analysis-options.ts";
import type { Inspection, InspectionOutcome } from "../../../report/contract/inspection.ts";
import { DEFAULT_SORT } from "../../../report/order/sort-threads.ts";
import { inspectionText } from "../../../report/text/inspection/inspection-text.ts";
import type { TextStyle } from "../../../report/text/style.ts";
import type { Sentence } from "../../../report/wording/presented.ts";
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
import { Failure } from "../../problems.ts";
import type { InspectRequest, InspectValues } from "./options.ts";

/** Chunks of each bin under --top 0. */
const ALL = Number.POSITIVE_INFINITY;

/**
 * Runs `mallog inspect`. Returns the exit code. `commands`: the names of all commands.
 * @throws Failure, and whatever `analyse` throws
 */
export function inspectLog(
  { inputs, values }: InspectRequest,
  io: Io,
  analyse: Analyse,
  commands: readonly string[],
): Promise<number> {
  const { output = [], ...analysed } = values;
  const request = analysisRequest(
    inputs,
    { ...analysed, whatIf: false, model: true, sort: DEFAULT_SORT, by: "thread" },
    io.hostCpus,
  );
  const outputs = outputFiles(output, inputs, io.cwd, DOCUMENT_ENDINGS);
  const writesJson = values.json === true || outputs.some(({ ending }) => ending === ".json");
  let outcome: InspectionOutcome | null = null;
  const inspecting: Analyse = (names, options, hooks) =>
    analyse(
      names,
      { ...options, inspect: inspectOptions(values, writesJson) },
      {
        ...hooks,
        onInspected: (found) => {
          outcome = found;
        },
      },
    );
  return withReport(request, io, inspecting, commands, async (report) => {
    if (isWithheld(report, values, "heap", io)) {
      return Exit.unjudged;
    }
    const inspection = found(outcome, values);
    const format: DocumentFormat = (json, style) =>
      json ? jsonPieces(inspection) : [inTables(inspection, figuresBasis(report), values, style)];
    await writeDocument(format, outputs, values, request, io);
    return Exit.done;
  });
}

/** @throws Failure tooLong */
function inTables(
  inspection: Inspection,
  evidence: readonly Sentence[],
  { top, bins, map, arena }: InspectValues,
  style: TextStyle,
): string {
  const shown = { top, bins: bins ?? false, map: map ?? false, arena: arena ?? null };
  return withinLongestText(null, () =>
    inspectionText(inspection, evidence, { ...style, ...shown }),
  );
}

/** `writesJson`: JSON is shown or written. */
function inspectOptions(
  { at, arena, bins, chunks, trim, top }: InspectValues,
  writesJson: boolean,
): InspectOptions {
  return {
    moment: at.moment,
    asked: at.text,
    arena: arena ?? null,
    chunksPerBin: bins || writesJson ? (top === 0 ? ALL : top) : 0,
    chunks: chunks ?? false,
    trim: trim ?? false,
  };
}

/** @throws Failure option */
function found(outcome: InspectionOutcome | null, { at }: InspectValues): Inspection {
  if (outcome === null) {
    throw new Error("no moment was inspected");
  }
  if ("inspection" in outcome) {
    return outcome.inspection;
  }
  const { missing, option = { name: "--at", value: at.text } } = outcome;
  throw new Failure({
    code: "option",
    option: option.name,
    value: option.value,
    reason: missing,
  });
}
