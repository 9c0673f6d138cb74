import { type DumpDate, dumpDate, type ThreadDump } from "../../trace/stated/thread-dump.ts";
import { threadDumpsIn } from "./thread-dumps.ts";
import { threadListingIn } from "./thread-listings.ts";

/**
 * The thread dumps in a file, or the one listing that it is; none if it is neither. A dump without a date of its own is of
 * the date in the file's name.
 */
export function threadsInFile(text: string, source: string): ThreadDump[] {
  const dumps = threadDumpsIn(text, source);
  const [first] = dumps;
  if (first === undefined) {
    const listing = threadListingIn(text, source);
    return listing === null ? [] : [listing];
  }
  return dumps.length > 1 || first.date !== null ? dumps : [{ ...first, date: dateInName(source) }];
}

/** Why a text that has neither is none. */
export function notThreads(text: string): string {
  if (/^\s*\{\s*"threadDump"|^#\d+ "[^\n]*" [A-Z]/m.test(text.slice(0, 4096))) {
    return "Thread.dump_to_file writes no ids of native threads (nid); use jcmd PID Thread.print, or jstack PID";
  }
  return text.trim() === ""
    ? "is empty"
    : 'is no thread dump: no line of it is of a thread ("name" … nid=0x3fd6), and none lists names (/proc/PID/task/TID/comm)';
}

const DATE = /(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-T_ .]?(\d\d)[-_:.h]?(\d\d)[-_:.m]?(\d\d)(Z?)/;
const UNIX_TIME = /(?:^|\D)(1\d{9})(?:\d{3})?(?:\D|$)/;

/** The date in the name of a file: "jstack-20261130-012900.txt", "dump.2026-11-30T01:29:00Z", "dump.1796001966". */
function dateInName(path: string): DumpDate | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const parts = DATE.exec(name);
  if (parts !== null) {
    return dumpDate(parts.slice(1, 7).map(Number), parts[7] === "Z");
  }
  const [, seconds] = UNIX_TIME.exec(name) ?? [];
  return seconds === undefined ? null : { seconds: Number(seconds), isUtc: true };
}
