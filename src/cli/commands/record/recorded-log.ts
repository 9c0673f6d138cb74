import { mkdtempSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { AnalysisValues } from "../../analysis/analysis-request.ts";
import { writeErrorReason } from "../../files/system-error.ts";
import { Failure } from "../../problems.ts";
import type { RecordValues } from "./options.ts";
import type { Packer } from "./packer.ts";
import { keepLog, type RawLog } from "./raw-logs.ts";

/**
 * A new folder beside the log: both are on one file system, and a log may be large.
 * @throws Failure output
 */
export function newFolder(output: string, cwd: string): string {
  try {
    return mkdtempSync(join(dirname(resolve(cwd, output)), ".mallog-record-"));
  } catch (error) {
    throw new Failure({ code: "output", file: output, reason: writeErrorReason(error) });
  }
}

/**
 * Moves a log to its place. `name`: as typed.
 * @throws Failure output
 */
export async function keepLogAs(
  name: string,
  log: RawLog,
  packer: Packer,
  cwd: string,
): Promise<void> {
  try {
    await keepLog(log.path, resolve(cwd, name), packer);
  } catch (error) {
    throw new Failure({ code: "output", file: name, reason: writeErrorReason(error) });
  }
}

/** The options of the report: `-o` names the log, not a report. */
export function analysisValues({ output: _, ...values }: RecordValues): AnalysisValues {
  return values;
}
