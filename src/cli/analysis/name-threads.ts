import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { plural } from "../../report/wording/format.ts";
import type { ThreadDump } from "../../trace/stated/thread-dump.ts";
import { readText } from "../files/read-text.ts";
import { readErrorReason } from "../files/system-error.ts";
import type { Io } from "../io.ts";
import { Failure } from "../problems.ts";
import { message } from "../terminal/message.ts";

/** Hundreds of dumps of thousands of threads. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The dumps of --jstack, in the order given; of a folder, in the order of its files' names.
 * @throws Failure option
 */
export async function threadDumpsOf(paths: readonly string[], cwd: string): Promise<ThreadDump[]> {
  if (paths.length === 0) {
    return [];
  }
  const { notThreads, threadsInFile } = await import("../../input/side-files/thread-files.ts");
  const dumps: ThreadDump[] = [];
  for (const path of paths) {
    for (const file of filesOf(path, cwd)) {
      const text = readText(file, cwd, MAX_BYTES);
      const found = "error" in text ? [] : threadsInFile(text.ok, file);
      if (found.length === 0) {
        const reason = "error" in text ? text.error : notThreads(text.ok);
        throw new Failure({ code: "option", option: "--jstack", value: file, reason });
      }
      dumps.push(...found);
    }
  }
  return dumps;
}

function filesOf(path: string, cwd: string): string[] {
  const refused = (reason: string): Failure =>
    new Failure({ code: "option", option: "--jstack", value: path, reason });
  let names: string[] | null;
  try {
    const isFolder = statSync(resolve(cwd, path)).isDirectory();
    names = isFolder ? readdirSync(resolve(cwd, path)).sort() : null;
  } catch (error) {
    throw refused(readErrorReason(error));
  }
  if (names?.length === 0) {
    throw refused("the folder is empty");
  }
  return names?.map((name) => join(path, name)) ?? [path];
}

/** What the threads of the dumps were looked for in. */
export type LookedIn = "log" | "process" | "reports";

const NO_THREAD: Readonly<Record<LookedIn, string>> = {
  log: "in the log: the dumps are of another process",
  process:
    "of the process reported: the dumps are of another process, which --process NAME reports if the log has it",
  reports: "in the reports: the dumps are of another process",
};

/** Names that were asked for are missing, and here is why. */
export function sayIfNoneMatches(
  dumps: readonly ThreadDump[],
  matched: number,
  where: LookedIn,
  { stderr }: Pick<Io, "stderr">,
): void {
  if (dumps.length === 0 || matched > 0) {
    return;
  }
  const threads = dumps.reduce((sum, dump) => sum + dump.threads.length, 0);
  message(
    stderr,
    `--jstack: none of its ${plural(threads, "thread")} is ${NO_THREAD[where]}, or one has the thread ids of the host and the other those (nid) of a container; no thread is named by them`,
  );
}
