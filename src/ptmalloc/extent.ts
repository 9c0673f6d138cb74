import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/** True if granule `addr` lies among the heap's chunks or within `granules` of them. */
export function isNearChunks(m: Ptmalloc, heap: Heap, addr: number, granules: number): boolean {
  return m.core.calls.isNearChunks(heap.address, addr, granules) !== 0;
}

/**
 * Starts the break area's chunks at granule `addr`, for a process whose initial break is unknown. False if there are
 * chunks already.
 */
export function startBreakAt(m: Ptmalloc, addr: number): boolean {
  return m.core.calls.startBreakAt(addr) !== 0;
}
