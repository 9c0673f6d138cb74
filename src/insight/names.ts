import type { Report } from "../report/report.ts";

/** What sentences need to name threads and call sites. */
export type Named = Pick<Report, "threads" | "trace">;

/** A thread as sentences call it: "thread 16342 (pool-1-thread-3)". */
export function threadName(tid: number, { threads }: Named): string {
  const name = threads.find((thread) => thread.tid === tid)?.name ?? null;
  return name === null ? `thread ${tid}` : `thread ${tid} (${name})`;
}

/** A call site as sentences call it. */
export function callerName(caller: string, _: Named): string {
  return caller;
}
