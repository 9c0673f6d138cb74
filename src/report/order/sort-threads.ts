import type { ThreadSummary } from "../contract/report.ts";

export const SORT_KEYS = ["volume", "calls", "live", "peak", "tid", "pinned"] as const;

export type SortKey = (typeof SORT_KEYS)[number];

export interface ThreadSort {
  readonly key: SortKey;
  readonly ascending: boolean;
}

export const DEFAULT_SORT: ThreadSort = { key: "volume", ascending: false };

const VALUE: Readonly<Record<SortKey, (thread: ThreadSummary) => number>> = {
  volume: (thread) => thread.volumeBytes,
  calls: (thread) => thread.calls.total,
  live: (thread) => thread.liveBytes,
  peak: (thread) => thread.peakLiveBytes,
  tid: (thread) => thread.tid,
  pinned: (thread) => thread.pinnedBytes,
};

/** A sorted copy. Equal threads come by ascending tid, so that the order is the same in every run. */
export function sortThreads(threads: readonly ThreadSummary[], sort: ThreadSort): ThreadSummary[] {
  const value = VALUE[sort.key];
  const sign = sort.ascending ? 1 : -1;
  return [...threads].sort((a, b) => sign * (value(a) - value(b)) || a.tid - b.tid);
}
