import type { LogResult } from "../pipeline/analysis-result.ts";
import { refuseFullHeap } from "../pipeline/out-of-memory.ts";
import type { ThreadSummary } from "../report/report.ts";
import type { ThreadRow } from "../trace/threads.ts";
import { secondsSinceStart } from "./seconds.ts";

/** Bytes of a thread's row and summary. */
const BYTES_PER_THREAD = 1000;

/**
 * Returns the report's threads, in order of first appearance.
 * @throws OutOfMemory
 */
export function threadSummaries(result: LogResult): ThreadSummary[] {
  const { threads } = result.ledger;
  refuseFullHeap(threads.size * BYTES_PER_THREAD);
  return threads.rows().map((row, thread) => threadSummary(result, thread, row));
}

/** `thread` is the dense index of the row. */
function threadSummary(
  { ledger, threadNames, model }: LogResult,
  thread: number,
  row: ThreadRow,
): ThreadSummary {
  const { malloc, calloc, realloc, memalign, free, calls } = row;
  return {
    tid: row.tid,
    name: threadNames.get(row.tid) ?? null,
    topFrame: null,
    calls: { malloc, calloc, realloc, memalign, free, total: calls },
    lines: row.lines,
    failedCalls: row.failedCalls,
    volumeBytes: row.volumeBytes,
    liveBytes: row.liveBytes,
    liveBlocks: row.liveBlocks,
    peakLiveBytes: row.peakLiveBytes,
    freedByOthersBytes: row.freedByOthersBytes,
    freedForOthersBytes: row.freedForOthersBytes,
    takenFromOthers: row.takenFromOthers,
    pinnedBytes: model?.pinnedByThread[thread] ?? 0,
    arenas: model?.arenasByThread[thread] ?? [],
    firstTime: secondsSinceStart(ledger, row.firstTime),
    lastTime: secondsSinceStart(ledger, row.lastTime),
    liveTimeline: ledger.threads.liveTimeline(thread, ledger.events),
  };
}
