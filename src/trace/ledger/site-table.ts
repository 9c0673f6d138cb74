/** A block is temporary if its thread allocates at most so many others before it is freed or resized. */
export const TEMPORARY_CALLS = 16;

/** Stands for all sizes, threads or callers that are not told apart. */
export const ANY = -1;
export const ANY_CALLER = Number.NEGATIVE_INFINITY;

/** Sites in columns, in order of first appearance: what was allocated by a caller, of a size, in a thread. */
export interface SiteTable {
  /** as EventBatch.caller; ANY_CALLER where the log has too many of them */
  readonly caller: Float64Array;
  /** requested bytes; `ANY` where the log has too many of them */
  readonly size: Float64Array;
  /** dense index; `ANY` where the log has too many of them */
  readonly thread: Float64Array;
  /** successful allocations, reallocs included */
  readonly calls: Float64Array;
  readonly volumeBytes: Float64Array;
  readonly liveBytes: Float64Array;
  readonly liveBlocks: Float64Array;
  /** live when the live bytes of the process first reached their peak */
  readonly liveAtPeakBytes: Float64Array;
  /** free resident bytes below blocks that are the topmost of their heaps, at the log's end */
  readonly pinnedBytes: Float64Array;
  /** blocks freed or resized within `TEMPORARY_CALLS` later allocations of their thread */
  readonly temporaryCalls: Float64Array;
}

/** Free resident bytes that a live block pins. */
export interface PinnedBytes {
  readonly block: number;
  readonly bytes: number;
}
