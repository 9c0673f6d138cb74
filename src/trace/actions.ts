import { columnar, type Declaration } from "./columns.ts";

/**
 * What an event asks of an allocator once the log's pointers are resolved to blocks: realloc(NULL, n) is a malloc,
 * realloc(p, 0) a free, free(NULL) nothing; a call that failed, or that frees what no call returned, is nothing too.
 */
export const Action = {
  none: 0,
  malloc: 1,
  calloc: 2,
  /**
   * `block` keeps its id; `oldSize` is its former requested size. The event's size is 0 only where the log shows
   * that realloc(p, 0) returned a block (not glibc's way, but other allocators'): the block then lives on, empty.
   */
  realloc: 3,
  memalign: 4,
  valloc: 5,
  pvalloc: 6,
  free: 7,
  mallocTrim: 8,
  mallopt: 9,
  threadExit: 10,
} as const;

/**
 * Added to an action: block `lost`, whose free is not in the log (its pointer was handed out again), is to be freed
 * first. A malloc-like action gives the same id to the new block (`lost` = `block`); a realloc that moved onto the
 * lost block's place keeps its own (`lost` ≠ `block`), and the lost block's id is recycled from then on.
 */
export const LOST_FREE = 0x80;

/** The columns of an ActionBatch, which stand beside those of an EventBatch: same row, same length. */
export const ACTION_COLUMNS = {
  /** one of `Action`, perhaps with LOST_FREE */
  action: Uint8Array,
  /** dense thread index, 0, 1, 2 … in order of first appearance */
  thread: Int32Array,
  /** dense block id, recycled after free; -1 where the action has none */
  block: Int32Array,
  /** block id to be freed first; written only where the action carries LOST_FREE, stale elsewhere */
  lost: Int32Array,
  /** requested bytes of the block before the event (realloc, free); 0 otherwise */
  oldSize: Float64Array,
} as const satisfies Declaration;

export class ActionBatch extends columnar(ACTION_COLUMNS) {}
