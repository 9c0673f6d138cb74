import { PassThrough } from "node:stream";
import { reportOfLog } from "../../src/cli/report-of-log.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { ShrinkingWriter } from "../../src/shrink/shrinking-writer.ts";
import { TWO_WHAT_IFS } from "./corpus.ts";
import { rewritten } from "./rewritten.ts";

/** A whole log as `mallog shrink` writes it. */
export async function shrunkLog(log: string | readonly Buffer[]) {
  return rewritten(() => new ShrinkingWriter({ from: null, to: null }), log);
}

/** The report of a log on standard input. */
export function reportOfText(log: Buffer | string): Promise<Report> {
  return reportOfLog("test", null)([], TWO_WHAT_IFS, {
    stdin: new PassThrough().end(log),
    signal: new AbortController().signal,
    onProgress: () => {},
  });
}
