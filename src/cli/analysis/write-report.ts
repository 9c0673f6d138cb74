import { present } from "../../insight/present.ts";
import { refuseFullHeap } from "../../pipeline/out-of-memory.ts";
import type { Report } from "../../report/contract/report.ts";
import { writerOf } from "../../report/writers/index.ts";
import { writePlain } from "../../report/writers/plain.ts";
import type { Writer, WriterOptions } from "../../report/writers/writer.ts";
import { FILE_STYLE, type OutputFile } from "../files/output-file.ts";
import { forStepLog } from "../github.ts";
import type { Io } from "../io.ts";
import { isAsciiOnly, showsUnicode, widthOf } from "../terminal/capabilities.ts";
import { chalkFor } from "../terminal/chalk-for.ts";
import { inCharset } from "../terminal/charset.ts";
import type { AnalysisRequest } from "./analysis-request.ts";
import { withinLongestText } from "./longest-text.ts";

/**
 * Writes the report files. Call it before anything is printed: the files are kept even if the reader of standard output
 * is gone.
 * @throws Failure output
 */
export async function writeFiles(
  report: Report,
  request: AnalysisRequest,
  outputs: readonly OutputFile[],
): Promise<void> {
  for (const output of outputs) {
    await output.write(await formatReport(report, output.ending, fileOptions(request)));
  }
}

/** The report in the format of a file ending. */
export async function formatReport(
  report: Report,
  ending: string,
  options: WriterOptions,
): Promise<string> {
  const writer = await writerFor(ending);
  refuseTooLong(report);
  return withinLongestText(report.threads.length, () => writer(present(report), options));
}

/** Bytes of a thread in the longest format, JSON, with the parts that make it up. */
const TEXT_BYTES_PER_THREAD = 1500;

/** @throws OutOfMemory */
function refuseTooLong({ threads }: Report): void {
  refuseFullHeap(threads.length * TEXT_BYTES_PER_THREAD);
}

const ENDING = { text: ".txt", json: ".json", ndjson: ".ndjson", csv: ".csv" } as const;

/** The report in the form that was asked for on standard output. */
export async function formatForTerminal(
  report: Report,
  request: AnalysisRequest,
  io: Io,
): Promise<string> {
  const { form } = request;
  // --plain has no file ending.
  const writer = form === "plain" ? writePlain : await writerFor(ENDING[form]);
  refuseTooLong(report);
  const text = withinLongestText(report.threads.length, () =>
    writer(present(report), terminalOptions(request, io)),
  );
  return form === "text" ? forPeople(text, io) : text;
}

/** An interim report in the form that was asked for: a summary of some lines, or a report on one line. */
export async function formatInterim(
  report: Report,
  request: AnalysisRequest,
  io: Io,
): Promise<string> {
  if (request.form !== "text") {
    return formatForTerminal(report, request, io);
  }
  const { interimSummary } = await import("../../report/text/interim-summary.ts");
  return forPeople(interimSummary(present(report), terminalOptions(request, io)), io);
}

/** Text as standard output and the log of a CI step can hold it. */
export function forPeople(text: string, { stdout, env }: Pick<Io, "stdout" | "env">): string {
  return forStepLog(inCharset(text, stdout, env), env);
}

export function fileOptions({ by, sort, top, plot }: AnalysisRequest): WriterOptions {
  return { by, sort, top, plot, ...FILE_STYLE };
}

export function terminalOptions(
  { by, sort, top, plot, color }: AnalysisRequest,
  { stdout, env }: Io,
): WriterOptions {
  const characters = {
    ascii: !showsUnicode(stdout, env),
    isAsciiOnly: isAsciiOnly(stdout, env),
  };
  const chalk = chalkFor(stdout, env, color);
  return { by, sort, top, plot, width: widthOf(stdout, env), chalk, ...characters };
}

async function writerFor(ending: string): Promise<Writer> {
  const writer = await writerOf(ending);
  if (writer === null) {
    throw new Error(`no writer for ${ending}`);
  }
  return writer;
}
