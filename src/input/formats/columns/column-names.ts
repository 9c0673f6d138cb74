import type { ColumnRole } from "../native/layout.ts";

/** What loggers write before a value, as in `tid=7`, `[pid 7]` or `called from 0x7f12`, in lower case. */
const ROLES: Readonly<Record<string, ColumnRole>> = {
  tid: "tid",
  thread: "tid",
  threadid: "tid",
  thread_id: "tid",
  lwp: "tid",
  thr: "tid",
  th: "tid",
  pid: "pid",
  process: "pid",
  proc: "pid",
  time: "time",
  ts: "time",
  t: "time",
  timestamp: "time",
  caller: "caller",
  from: "caller",
  by: "caller",
  ra: "caller",
  ret: "caller",
  retaddr: "caller",
  return_address: "caller",
  pc: "caller",
  ip: "caller",
  addr: "caller",
  cpu: "other",
  core: "other",
  level: "other",
  seq: "other",
};

/** The role of the values behind such a word; null if it says nothing about them. */
export function roleOfName(word: string): ColumnRole | null {
  const lower = word.toLowerCase();
  return Object.hasOwn(ROLES, lower) ? (ROLES[lower] ?? null) : null;
}
