import { existsSync, mkdtempSync, renameSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { AnalysisValues } from "../../analysis/analysis-request.ts";
import { writeErrorReason } from "../../files/system-error.ts";
import { Failure } from "../../problems.ts";
import type { RecordValues } from "./options.ts";
import type { Packer } from "./packer.ts";
import { keepLog, type RawLog } from "./raw-logs.ts";

const NOT_TO_STDOUT = "a log is not written to standard output; give the name of a file";

/** Why the log cannot take the place of what is there; null: it can. */
function notReplaceable(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) {
    return null;
  }
  return found.isDirectory() ? "is a directory" : "is a device or a pipe; give the name of a file";
}

/**
 * A new folder beside the log: both are on one file system, and a log may be large.
 * @throws Failure output
 */
export function newFolder(output: string, cwd: string): string {
  const path = resolve(cwd, output);
  const reason = output === "-" ? NOT_TO_STDOUT : notReplaceable(path);
  if (reason !== null) {
    throw new Failure({ code: "output", file: output, reason });
  }
  try {
    return mkdtempSync(join(dirname(path), ".mallog-record-"));
  } catch (error) {
    // The name may be the default, which nobody has typed.
    const reason = `${writeErrorReason(error)}; give a file that can be written by -o`;
    throw new Failure({ code: "output", file: output, reason });
  }
}

/** A log, and the name that it is to have, as typed. */
export interface NamedLog extends RawLog {
  readonly name: string;
}

/**
 * Moves logs to their places, in this order. Where one cannot be packed, it and the following ones are left there uncompressed:
 * a recording cannot be repeated.
 * @throws Failure output
 */
export async function keepLogs(
  logs: readonly NamedLog[],
  packer: Packer,
  cwd: string,
  signal?: AbortSignal,
): Promise<void> {
  for (const [i, log] of logs.entries()) {
    try {
      await keepLog(log, resolve(cwd, log.name), packer, signal);
    } catch (error) {
      const reason = signal?.aborted === true ? "interrupted" : writeErrorReason(error);
      const left = logs.slice(i).flatMap((one) => leaveUncompressed(one, cwd) ?? []);
      const where = left.length === 0 ? "" : `; kept uncompressed in ${left.join(", ")}`;
      throw new Failure({ code: "output", file: log.name, reason: `${reason}${where}` });
    }
  }
}

/** Moves a log to its place without packing it, which needs no more room. Returns its name; null if it cannot be moved. */
function leaveUncompressed({ name, path, pid }: NamedLog, cwd: string): string | null {
  const plain = name.replace(/\.gz$/, "");
  const free = existsSync(resolve(cwd, plain)) ? `${plain}.${pid}` : plain;
  try {
    renameSync(path, resolve(cwd, free));
    return free;
  } catch {
    return null;
  }
}

/** The options of the report: `-o` names the log, not a report. */
export function analysisValues({ output: _, ...values }: RecordValues): AnalysisValues {
  return values;
}

/**
 * Refuses what no report can be made with, before anything is recorded. Only if there may be some, because the command would wait
 * while the models are loaded.
 * @throws Failure usage, option
 */
export async function refuseImpossible(values: RecordValues, hostCpus: number): Promise<void> {
  const { whatIf, recordedWith, glibc, model } = values;
  if (Array.isArray(whatIf) || recordedWith !== undefined || glibc !== "auto" || !model) {
    const { analysisRequest } = await import("../../analysis/analysis-request.ts");
    analysisRequest([], analysisValues(values), hostCpus);
  }
}
