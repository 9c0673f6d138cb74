import { ADDR, GRANULE, IN_USE, MIN_GRANULES, NEXT, SIZE, STATE, TOP, UNLOGGED } from "./chunks.ts";
import { findChunk } from "./find-chunk.ts";
import { freeChunk, mergeFree } from "./free.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, writeHeader, writeRange } from "./resident.ts";
import { trimAfterFree } from "./trim.ts";

/**
 * UNLOGGED chunks (ptmalloc2.md §12.6): what must have been handed out for a block to lie where a log's pointer says,
 * though no line says to whom. It is in use and resident, until the log shows that it was freed.
 */

/** Chunk `c`, which is on no list, is one of these from now on. */
export function becomeUnlogged(m: Ptmalloc, c: number): void {
  // Something was allocated before the log: what a first call does is done.
  m.hookGone = true;
  const w = m.chunks.words;
  w[c + STATE] = UNLOGGED;
  m.unloggedGranules += w[c + SIZE]!;
  const from = w[c + ADDR]! * GRANULE;
  writeRange(m, m.heapOf(c), from, from + w[c + SIZE]! * GRANULE, EVERY_PLANE);
}

/** Where an UNLOGGED chunk holds granule `addr`, one begins there. Returns it; 0 if none holds it. */
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

/** The chunk that `startUnlogged` gave is freed; it is taken to reach up to the next chunk that is known of. */
export function freeUnlogged(m: Ptmalloc, c: number): void {
  const w = m.chunks.words;
  const size = w[c + SIZE]!;
  if (size < MIN_GRANULES) {
    return;
  }
  m.unloggedGranules -= size;
  w[c + STATE] = IN_USE;
  if (w[w[c + NEXT]! + STATE] === TOP) {
    // Nothing above it is known of: how large it is is not, either, but that it borders on the top.
    const av = m.heapOf(c).arena;
    trimAfterFree(m, av, mergeFree(m, av, c, false));
  } else {
    m.inUseGranules += size;
    freeChunk(m, c);
  }
}
