import type { Arena } from "./arena.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/**
 * Forced placement (ptmalloc2.md §12): a log's pointer shows that a block lies at another address than in the model,
 * because the log is incomplete. The block is moved there, taking whatever chunks hold that address, and the model
 * continues as if it had chosen that place. Memory that must have been allocated for the block to lie there becomes
 * UNLOGGED (unlogged.ts).
 */

/** Returns the chunk of the latest allocation to where it came from, as far as that is known. */
export function undoAllocation(m: Ptmalloc, c: number): void {
  m.core.calls.undoAllocation(c);
}

/** Frees the tcache struct that the current thread has just allocated: the thread is not new and has one elsewhere. */
export function undoTcacheStruct(m: Ptmalloc): void {
  m.core.calls.undoTcacheStruct();
}

/**
 * Makes granules addr..addr+nb-1 of a heap a chunk held by the program; the heap grows as needed. Returns the chunk; 0
 * if the program already holds part of it, or if no chunk of this heap can lie there.
 */
export function placeChunk(m: Ptmalloc, heap: Heap, addr: number, nb: number): number {
  return m.core.calls.placeChunk(heap.address, addr, nb);
}

/**
 * Starts an UNLOGGED chunk at granule `addr`, for a chunk that is freed in the log and was allocated outside it.
 * Returns it; 0 if none can start there.
 */
export function startUnlogged(m: Ptmalloc, heap: Heap, addr: number): number {
  return m.core.calls.startUnlogged(heap.address, addr);
}

/** Attaches the current thread to `av` in place of its arena. */
export function useArena(m: Ptmalloc, av: Arena): void {
  m.core.calls.useArena(av.address);
}
