import { isUnreliable } from "../../insight/evidence/grade.ts";
import { figuresBasis } from "../../insight/figures-basis.ts";
import { proofSentences } from "../../insight/proof/proof-sentences.ts";
import { replayLimits } from "../../insight/proof/replay-limits.ts";
import type { Measurements } from "../../report/contract/measurements.ts";
import type { Report } from "../../report/contract/report.ts";
import { DEFAULT_SORT } from "../../report/order/sort-threads.ts";
import { measurementsText } from "../../report/text/measurements-text.ts";
import { jsonPieces } from "../../report/writers/json.ts";
import { type AnalysisRequest, analysisRequest } from "../analysis/analysis-request.ts";
import { type DocumentFormat, writeDocument } from "../analysis/document.ts";
import { withinLongestText } from "../analysis/longest-text.ts";
import type { OutputFile } from "../files/output-file.ts";
import type { Io } from "../io.ts";
import { Failure } from "../problems.ts";
import type { MeasuringValues } from "./measuring-options.ts";

/**
 * The analysis of a log that is to be measured. The program's writes are as the log or a touch policy states, so that the replays can
 * make them.
 * @throws Failure usage, option
 */
export function measuringRequest(
  inputs: readonly string[],
  { output: _, ...values }: MeasuringValues,
  whatIf: readonly string[] | undefined,
  hostCpus: number,
): AnalysisRequest {
  if (values.process === "all") {
    const message = "--process all: give one process, whose calls are to be measured";
    throw new Failure({ code: "usage", message });
  }
  return analysisRequest(
    inputs,
    {
      ...values,
      touch: values.touch ?? "facts",
      ...(whatIf === undefined ? {} : { whatIf }),
      model: true,
      sort: DEFAULT_SORT,
      by: "thread",
      top: 10,
    },
    hostCpus,
  );
}

/** Writes the measurements to the files, and prints them. @throws Failure */
export async function showMeasurements(
  measured: Measurements,
  report: Report,
  outputs: readonly OutputFile[],
  values: MeasuringValues,
  request: AnalysisRequest,
  io: Io,
): Promise<void> {
  const basis = [...figuresBasis(report), ...replayLimits(report)];
  // What casts doubt on all figures comes before them.
  const isDoubtful = isUnreliable(report);
  const answer = [...(isDoubtful ? basis : []), ...proofSentences(measured)];
  const remarks = isDoubtful ? [] : basis.map(({ text }) => text);
  const format: DocumentFormat = (json, style) =>
    json
      ? jsonPieces(measured)
      : [withinLongestText(null, () => measurementsText(measured, answer, remarks, style))];
  await writeDocument(format, outputs, values, request, io);
}
