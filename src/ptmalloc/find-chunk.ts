import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/**
 * The record that holds granule `addr` of a heap; 0 if none does: below the first chunk, above the last, or between two
 * stretches.
 */
export function findChunk(m: Ptmalloc, heap: Heap, addr: number): number {
  return m.core.calls.findChunk(heap.address, addr);
}
