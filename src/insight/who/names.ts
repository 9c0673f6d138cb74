import type { CallerSummary, Report, ThreadSummary } from "../../report/contract/report.ts";
import { callerLabel } from "../../report/wording/caller-label.ts";
import { printable } from "../../report/wording/printable.ts";
import { cutMiddle } from "../../report/wording/shorten.ts";

/** Columns of a name in a sentence: Linux cuts names of threads to 15, but others may come from anywhere. */
const MAX_WIDTH = 40;

/** What sentences need to name threads and call sites. */
export interface Named {
  readonly callers: readonly (Pick<CallerSummary, "caller"> & Parameters<typeof callerLabel>[0])[];
  readonly threads: readonly Pick<ThreadSummary, "tid" | "name">[];
  readonly trace: Pick<Report["trace"], "threads">;
}

/** A thread as sentences call it: "thread 16342 (pool-1-thread-3)". */
export function threadName(tid: number, { threads }: Named): string {
  const name = threads.find((thread) => thread.tid === tid)?.name ?? null;
  return name === null
    ? `thread ${tid}`
    : `thread ${tid} (${cutMiddle(printable(name), MAX_WIDTH)})`;
}

/** A call site as sentences call it: by its function or module, if they are known. */
export function callerName(caller: string, { callers }: Named): string {
  const row = callers.find((one) => one.caller === caller);
  return cutMiddle(printable(row === undefined ? caller : callerLabel(row)), MAX_WIDTH);
}

/** Whose call it was: " by thread 16342 (main) at f+0x41"; of one thread only, and without a call site, empty. */
export function callOrigin(tid: number, caller: string | null, names: Named): string {
  const thread = names.trace.threads > 1 ? ` by ${threadName(tid, names)}` : "";
  return caller === null ? thread : `${thread} at ${callerName(caller, names)}`;
}
