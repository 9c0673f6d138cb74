import { isUnreliable } from "../../../insight/evidence/grade.ts";
import { figuresBasis } from "../../../insight/figures-basis.ts";
import type { InspectOptions } from "../../../pipeline/analysis-options.ts";
import type { Inspection, InspectionOutcome } from "../../../report/inspection.ts";
import type { Sentence } from "../../../report/presented.ts";
import { DEFAULT_SORT } from "../../../report/sort-threads.ts";
import { inspectionText } from "../../../report/text/inspection/inspection-text.ts";
import type { TextStyle } from "../../../report/text/style.ts";
import { jsonPieces } from "../../../report/writers/json.ts";
import { analysisRequest } from "../../analysis/analysis-request.ts";
import { withinLongestText } from "../../analysis/longest-text.ts";
import { withReport } from "../../analysis/with-report.ts";
import { terminalOptions } from "../../analysis/write-report.ts";
import { Exit } from "../../exit-codes.ts";
import { FILE_STYLE, outputFiles } from "../../files/output-file.ts";
import type { Analyse, Io } from "../../io.ts";
import { Failure } from "../../problems.ts";
import { message } from "../../terminal/message.ts";
import { isPrinted } from "../../terminal/print.ts";
import type { InspectRequest, InspectValues } from "./options.ts";

/** Of the files of -o. */
const ENDINGS = [".txt", ".json"];

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
  const outputs = outputFiles(output, inputs, io.cwd, ENDINGS);
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
    if (isUnreliable(report) && !values.allowUnreliable) {
      for (const { text } of figuresBasis(report)) {
        message(io.stderr, text);
      }
      message(io.stderr, "--allow-unreliable shows the model's heap all the same");
      return Exit.unjudged;
    }
    const inspection = found(outcome, values);
    const format = (json: boolean, style: TextStyle): Iterable<string> =>
      json ? jsonPieces(inspection) : [inTables(inspection, figuresBasis(report), values, style)];
    for (const file of outputs) {
      await file.write(format(file.ending === ".json", FILE_STYLE));
    }
    if (!values.quiet || outputs.length === 0) {
      for (const piece of format(values.json ?? false, terminalOptions(request, io))) {
        if (!(await isPrinted(io.stdout, piece))) {
          break;
        }
      }
    }
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
