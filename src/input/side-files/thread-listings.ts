import type { DumpedThread, ThreadDump } from "../../trace/stated/thread-dump.ts";

// Listings of a process's threads by name, in forms that cannot be taken for anything else:
//
//     /proc/16342/task/16350/comm:jar-loader-3       grep . /proc/16342/task/*/comm
//     ==> /proc/16342/task/16350/comm <==            head /proc/16342/task/*/comm: the name is the next line
//       TID COMMAND                                  ps -eLo tid,comm
//       PID   LWP TTY          TIME CMD              ps -L -p 16342; ps -T -p 16342 has SPID
//     # thread 16350 jar-loader-3                    the line of a log
//
// The names are those of the kernel, of 15 bytes at most. `ps -f` prints command lines in their place, and top cuts names.

const COMM = /^\/proc\/(?:\d{1,10}\/task\/|self\/task\/)?(\d{1,10})\/comm:(.+)$/;
const COMM_HEAD = /^==> \/proc\/(?:\d{1,10}|self)\/task\/(\d{1,10})\/comm <==$/;
const LOG_LINE = /^# thread (\d{1,10}) (.+)$/;

/** A longer text is a command line. Names of the kernel's own threads may be longer, but do not matter here. */
const MAX_NAME_BYTES = 15;

/** Characters of a line that are read. */
const LONGEST_LINE = 1024;

/** The listing that a text is; null if it is none. */
export function threadListingIn(text: string, source: string): ThreadDump | null {
  const threads: DumpedThread[] = [];
  const add = (tid: string, name: string): void => {
    threads.push({ tid: Number(tid), name, state: null, frames: [], age: null });
  };
  let table: Table | null = null;
  let head: string | null = null;
  for (const whole of text.split("\n")) {
    const line = whole.slice(0, LONGEST_LINE).trimEnd();
    if (head !== null && line !== "") {
      add(head, line);
      head = null;
      continue;
    }
    head = COMM_HEAD.exec(line)?.[1] ?? null;
    const [, tid, name] = COMM.exec(line) ?? LOG_LINE.exec(line) ?? [];
    if (tid !== undefined && name !== undefined) {
      add(tid, name);
      continue;
    }
    table = tableOf(line) ?? table;
    const row = table === null ? null : rowOf(line, table);
    if (row !== null) {
      add(row.tid, row.name);
    }
  }
  return threads.length === 0 ? null : { source, kind: "listing", date: null, jvm: null, threads };
}

/** A table of ps. */
interface Table {
  /** columns before that of names, and which of them has the thread's id */
  readonly columns: number;
  readonly tidColumn: number;
}

/** The table whose head a line is. */
function tableOf(line: string): Table | null {
  const words = line.trim().split(/\s+/, 16);
  const tidColumn = words.findIndex((word) => /^(?:TID|LWP|SPID)$/.test(word));
  const last = words.at(-1) ?? "";
  const isOfNames = /^(?:COMMAND|CMD)$/.test(last) && !words.includes("STIME");
  return tidColumn >= 0 && isOfNames ? { columns: words.length - 1, tidColumn } : null;
}

function rowOf(
  line: string,
  { columns, tidColumn }: Table,
): { readonly tid: string; readonly name: string } | null {
  let rest = line.trimStart();
  let tid = "";
  for (let column = 0; column < columns; column++) {
    const end = rest.search(/\s/);
    if (end < 0) {
      return null;
    }
    if (column === tidColumn) {
      tid = rest.slice(0, end);
    }
    // A name may begin with spaces, which ps sets off by one from the column before.
    rest = column + 1 < columns ? rest.slice(end).trimStart() : rest.slice(end + 1);
  }
  const isName = rest !== "" && Buffer.byteLength(rest) <= MAX_NAME_BYTES;
  return isName && /^\d{1,10}$/.test(tid) ? { tid, name: rest } : null;
}
