import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/**
 * UNLOGGED chunks (ptmalloc2.md §12.6): memory allocated outside the log, without which a block could not lie where its
 * pointer shows. It is in use and resident until the log shows that it was freed.
 */

/**
 * Splits the UNLOGGED chunk that holds granule `addr`, so that one begins there. Returns it; 0 if none holds `addr`.
 */
export function cutUnlogged(m: Ptmalloc, heap: Heap, addr: number): number {
  return m.core.calls.cutUnlogged(heap.address, addr);
}

/** Frees an UNLOGGED chunk from `startUnlogged`, which is taken to reach up to the next known chunk. */
export function freeUnlogged(m: Ptmalloc, c: number): void {
  m.core.calls.freeUnlogged(c);
}
