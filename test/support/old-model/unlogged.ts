import { ADDR, GRANULE, IN_USE, MIN_GRANULES, NEXT, SIZE, STATE, TOP, UNLOGGED } from "./chunks.ts";
import { findChunk } from "./find-chunk.ts";
import { freeChunk, mergeFree } from "./free.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, writeHeader, writeRange } from "./resident.ts";
import { trimAfterFree } from "./trim.ts";

/**
 * UNLOGGED chunks (ptmalloc2.md §12.6): memory allocated outside the log, without which a block could not lie where its
 * pointer shows. It is in use and resident until the log shows that it was freed.
 */

/** Makes chunk `c`, which is on no list, UNLOGGED. */
export function markUnlogged(m: Ptmalloc, c: number): void {
  // The process allocated before the log began, so its first call is over.
  m.initialHookDone = true;
  const w = m.chunks.words;
  w[c + STATE] = UNLOGGED;
  m.unloggedGranules += w[c + SIZE]!;
  const from = w[c + ADDR]! * GRANULE;
  writeRange(m, m.heapOf(c), from, from + w[c + SIZE]! * GRANULE, EVERY_PLANE);
}

/**
 * Splits the UNLOGGED chunk that holds granule `addr`, so that one begins there. Returns it; 0 if none holds `addr`.
 */
export function cutUnlogged(m: Ptmalloc, heap: Heap, addr: number): number {
  const holder = findChunk(m, heap, addr);
  if (holder === 0 || m.chunks.words[holder + STATE] !== UNLOGGED) {
    return 0;
  }
  const low = addr - m.chunks.words[holder + ADDR]!;
  if (low === 0) {
    return holder;
  }
  const c = m.chunks.cutAbove(holder, low);
  m.chunks.words[c + STATE] = UNLOGGED;
  writeHeader(m, c);
  return c;
}

/** Frees an UNLOGGED chunk from `startUnlogged`, which is taken to reach up to the next known chunk. */
export function freeUnlogged(m: Ptmalloc, c: number): void {
  const w = m.chunks.words;
  const size = w[c + SIZE]!;
  if (size < MIN_GRANULES) {
    return;
  }
  m.unloggedGranules -= size;
  w[c + STATE] = IN_USE;
  if (w[w[c + NEXT]! + STATE] === TOP) {
    // No chunk above is known, so its size is not either; it is taken to border on top.
    const av = m.heapOf(c).arena;
    trimAfterFree(m, av, mergeFree(m, av, c, false));
  } else {
    m.inUseGranules += size;
    freeChunk(m, c);
  }
}
