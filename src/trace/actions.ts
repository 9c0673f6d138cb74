import { columnar, type Declaration } from "./columns.ts";

/**
 * What an event asks of an allocator once the log's pointers are resolved to blocks: realloc(NULL, n) is a malloc,
 * realloc(p, 0) a free; free(NULL), a failed call, the free of an unknown pointer and thread_exit() are `none`. The order
 * matters: up to `pvalloc` a call returns a block, and up to `realloc` it has no alignment.
 */
export const Action = {
  none: 0,
  malloc: 1,
  calloc: 2,
  /**
   * `block` keeps its id; `oldSize` is its former requested size. The event's size is 0 only where the log shows that
   * realloc(p, 0) returned a block (other allocators do, glibc does not): the block then stays live with 0 bytes.
   */
  realloc: 3,
  memalign: 4,
  valloc: 5,
  pvalloc: 6,
  free: 7,
  mallocTrim: 8,
  mallopt: 9,
  /** a free by a thread that has exited, which has neither cache nor arena any more (ptmalloc2.md §6.4) */
  freeAfterExit: 10,
} as const;

export type Action = (typeof Action)[keyof typeof Action];

/**
 * Added to an action: free block `lost` first. Its free is missing in the log, which shows its pointer returned again.
 * An allocation gives its id to the new block (`lost` = `block`). A realloc onto its place keeps the id of the block
 * that moves (`lost` ≠ `block`), and the lost block's id becomes free for reuse.
 */
export const LOST_FREE = 0x80;

/** The bits of an Action in its column, without LOST_FREE. */
export const ACTION_BITS = 0x7f;

/** Returns the action without LOST_FREE. */
export function withoutLostFree(action: number): Action {
  // The column holds an Action, plus LOST_FREE or not.
  return (action & ACTION_BITS) as Action;
}

/** The columns of an ActionBatch: row i belongs to event i of the EventBatch. */
export const ACTION_COLUMNS = {
  /** one of `Action`, plus LOST_FREE or not */
  action: Uint8Array,
  /** dense thread index: 0, 1, 2 … in order of first appearance */
  thread: Int32Array,
  /** dense block id, reused after free; −1 where the action has no block */
  block: Int32Array,
  /** id of the block to free first; stale where the action has no LOST_FREE */
  lost: Int32Array,
  /** requested bytes of the block before the event (realloc, free); 0 for other actions */
  oldSize: Float64Array,
} as const satisfies Declaration;

export class ActionBatch extends columnar(ACTION_COLUMNS) {}
