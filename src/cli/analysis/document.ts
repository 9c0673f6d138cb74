import { noAddressesSentence } from "../../insight/evidence/foreign-log.ts";
import { isUnreliable } from "../../insight/evidence/grade.ts";
import { figuresBasis } from "../../insight/figures-basis.ts";
import type { Report } from "../../report/contract/report.ts";
import type { TextStyle } from "../../report/text/style.ts";
import { FILE_STYLE, type OutputFile } from "../files/output-file.ts";
import type { Io } from "../io.ts";
import { inCharset } from "../terminal/charset.ts";
import { message } from "../terminal/message.ts";
import { isPrinted } from "../terminal/print.ts";
import type { AnalysisRequest } from "./analysis-request.ts";
import { terminalOptions } from "./write-report.ts";

/** What `mallog inspect` and `mallog sweep` show of a log instead of its report: text or JSON. */

/** Of the files of -o. */
export const DOCUMENT_ENDINGS = [".txt", ".json"];

/** Returns the document in pieces. */
export type DocumentFormat = (json: boolean, style: TextStyle) => Iterable<string>;

interface DocumentValues {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly allowUnreliable?: boolean;
}

/**
 * True if the log does not support the model's figures, and they were not asked for all the same, or if its blocks cannot
 * be modelled. Says so; `what`: "heap".
 */
export function isWithheld(
  report: Report,
  { allowUnreliable = false }: DocumentValues,
  what: string,
  io: Io,
): boolean {
  const unmodelled = noAddressesSentence(report.trace);
  if (unmodelled !== null) {
    message(io.stderr, unmodelled);
    return true;
  }
  if (!isUnreliable(report) || allowUnreliable) {
    return false;
  }
  for (const { text } of figuresBasis(report)) {
    message(io.stderr, text);
  }
  message(io.stderr, `--allow-unreliable shows the model's ${what} all the same`);
  return true;
}

/** Writes the document to the files, and prints it, under --quiet only if there are none. @throws Failure */
export async function writeDocument(
  format: DocumentFormat,
  outputs: readonly OutputFile[],
  { json = false, quiet = false }: DocumentValues,
  request: AnalysisRequest,
  io: Io,
): Promise<void> {
  for (const file of outputs) {
    await file.write(format(file.ending === ".json", FILE_STYLE));
  }
  if (quiet && outputs.length > 0) {
    return;
  }
  for (const piece of format(json, terminalOptions(request, io))) {
    if (!(await isPrinted(io.stdout, json ? piece : inCharset(piece, io.stdout, io.env)))) {
      return;
    }
  }
}
