import type {
  AllocationFigures,
  ArenaSummary,
  CallerSummary,
  SizeSummary,
} from "../contract/report.ts";
import type { SortKey, ThreadSort } from "./sort-threads.ts";

/** There is no `tid`: it leaves the order by volume. */
const VALUE: Readonly<Record<SortKey, (row: AllocationFigures) => number>> = {
  volume: (row) => row.volumeBytes,
  calls: (row) => row.calls,
  live: (row) => row.liveBytes,
  peak: (row) => row.liveAtPeakBytes,
  tid: (row) => row.volumeBytes,
  pinned: (row) => row.pinnedBytes,
};

/** A sorted copy. `peak`: what was live at the peak. The merged row stays last. */
export function sortAllocations<Row extends CallerSummary | SizeSummary>(
  rows: readonly Row[],
  { key, ascending }: ThreadSort,
): Row[] {
  const value = VALUE[key];
  const sign = ascending ? 1 : -1;
  // Stable: rows with equal values keep their order, which is the same in every run.
  return [...rows].sort(
    (a, b) => Number(a.merged) - Number(b.merged) || sign * (value(a) - value(b)),
  );
}

/** As the main table, arenas are sorted too, by what they have of the key. Others stay by RSS. */
export function sortArenas(
  arenas: readonly ArenaSummary[],
  { key, ascending }: ThreadSort,
): ArenaSummary[] {
  const value = (arena: ArenaSummary): number =>
    key === "pinned" ? arena.pinnedBytes : key === "live" ? arena.inUseBytes : arena.rssBytes;
  const sign = ascending ? 1 : -1;
  return [...arenas].sort((a, b) => sign * (value(a) - value(b)) || a.id - b.id);
}
