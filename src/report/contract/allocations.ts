/** Who allocates: the part of the report by call site and by requested size. */

/** The most rows of `callers` and of `sizes`; those beyond are summed in one more row. */
export const MAX_ALLOCATION_ROWS = 1000;

/** A block belongs to the call that allocated it, or that last resized it by realloc. */
export interface AllocationFigures {
  /** successful allocations, reallocs included */
  readonly calls: number;
  /** bytes that they requested */
  readonly volumeBytes: number;
  readonly liveBytes: number;
  readonly liveBlocks: number;
  /** live when the live bytes of the process first reached their peak: these add up to `live.peakBytes` */
  readonly liveAtPeakBytes: number;
  /** as `threads[].pinnedBytes`: of the blocks that it allocated; 0 under --no-model */
  readonly pinnedBytes: number;
  /** calls whose block was freed or resized before its thread had allocated more than 16 others */
  readonly temporaryCalls: number;
  /** the row sums those beyond the largest, and those that the log has too many of to tell apart */
  readonly merged: boolean;
  /** live bytes at each of `timeline.siteEvents` */
  readonly liveTimeline: readonly number[];
}

export interface CallerSummary extends AllocationFigures {
  /** the return address as logged, or the text that the log has instead; null in a merged row, and where there is none */
  readonly caller: string | null;
  /** path of the file that was mapped there; null if no mapping is known, or several are possible */
  readonly module: string | null;
  /** bytes from the start of that file */
  readonly offset: number | null;
  /** the function; null if unknown */
  readonly symbol: string | null;
  /** path and line of its source; null if unknown */
  readonly file: string | null;
  readonly line: number | null;
  /**
   * a power of two: half of the blocks that were freed or resized lived for at least so many events of the log, and for
   * less than twice as many; null if none was
   */
  readonly medianLifetimeEvents: number | null;
}

export interface SizeSummary extends AllocationFigures {
  /** requested bytes; null in a merged row */
  readonly size: number | null;
}

/**
 * Who allocates, in all three respects at once: one column each, since there may be a thousand rows. Rows beyond the
 * largest are summed for each caller, as of all threads and sizes.
 */
export interface SiteColumns {
  /** null: all threads */
  readonly tid: readonly (number | null)[];
  /** as in `callers`; null: not logged; `OTHER_CALLERS`: call sites that are not told apart */
  readonly caller: readonly (string | null)[];
  /** requested bytes; null: all sizes */
  readonly size: readonly (number | null)[];
  readonly calls: readonly number[];
  readonly volumeBytes: readonly number[];
  readonly liveBytes: readonly number[];
  readonly liveAtPeakBytes: readonly number[];
  readonly pinnedBytes: readonly number[];
}

export const OTHER_CALLERS = "others";
