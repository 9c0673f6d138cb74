import { resolve } from "node:path";
import type { ReadReport } from "../../report/read-report.ts";
import { readBase } from "../files/base-report.ts";
import type { Io } from "../io.ts";
import { Failure } from "../problems.ts";

/** An earlier report and its file, as typed. */
export interface BaseFile {
  readonly file: string;
  readonly report: ReadReport;
}

/** What a report is compared with: one run, and others of the same program, whose differences are noise. */
export interface BaseRuns {
  readonly base: BaseFile;
  readonly runs: readonly BaseFile[];
}

/** False for a report of --no-model, which has no RSS. */
export function hasModel({ report: { known } }: BaseFile): boolean {
  return known.scenarios.length > 0;
}

/**
 * Reads the base and the reports of --runs, each once. Without a `base`, it is the run whose RSS, or without a model whose
 * live memory, is in the middle.
 * @throws Failure usage, report
 */
export async function readBaseRuns(
  base: string | null,
  runs: readonly string[],
  io: Pick<Io, "cwd" | "stdin">,
): Promise<BaseRuns> {
  const given = base === null ? runs : [base, ...runs];
  const distinct = new Map(given.map((file) => [resolve(io.cwd, file), file]));
  if (runs.length > 0 && distinct.size < 2) {
    const message = "--runs needs another report: noise is what differs between runs";
    throw new Failure({ code: "usage", message });
  }
  const files: BaseFile[] = [];
  for (const file of distinct.values()) {
    files.push({ file, report: await readRun(file, runs, io) });
  }
  const [first] = base === null ? byMemory(files).slice(Math.floor((files.length - 1) / 2)) : files;
  if (first === undefined) {
    throw new Error("no base");
  }
  return { base: first, runs: files.filter((one) => one !== first) };
}

async function readRun(
  file: string,
  runs: readonly string[],
  io: Pick<Io, "cwd" | "stdin">,
): Promise<ReadReport> {
  try {
    return await readBase(file, io);
  } catch (error) {
    if (!(error instanceof Failure) || error.problem.code !== "report" || !runs.includes(file)) {
      throw error;
    }
    const reason = `${error.problem.reason} (--runs takes all words up to the next option)`;
    throw new Failure({ ...error.problem, reason });
  }
}

/** By RSS if all reports have it: live memory is no measure of it. */
function byMemory(files: readonly BaseFile[]): BaseFile[] {
  const haveModels = files.every(hasModel);
  const memory = ({ report: { known } }: BaseFile): number =>
    haveModels ? known.scenarios[0]!.rss.endBytes : known.live.bytes;
  return [...files].sort((a, b) => memory(a) - memory(b));
}
