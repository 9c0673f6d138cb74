import { NotAReport, type ReadReport, readReport } from "../../report/read-report.ts";
import type { Io } from "../io.ts";
import { Failure } from "../problems.ts";
import { readTextOrStdin } from "./read-text.ts";

/**
 * Reads a JSON report of an earlier run; `-`: standard input.
 * @throws Failure report
 */
export async function readBase(file: string, io: Pick<Io, "cwd" | "stdin">): Promise<ReadReport> {
  const read = await readTextOrStdin(file, io);
  if ("error" in read) {
    throw new Failure({ code: "report", file, reason: read.error });
  }
  try {
    return readReport(read.ok);
  } catch (error) {
    if (!(error instanceof NotAReport)) {
      throw error;
    }
    throw new Failure({ code: "report", file, reason: error.message });
  }
}
