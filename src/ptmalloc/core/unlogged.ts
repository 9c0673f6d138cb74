import { bytesIn, cutAbove, IN_USE, MIN_GRANULES, rec, TOP, UNLOGGED } from "./chunks";
import { findChunk } from "./find-chunk";
import { freeChunk, mergeFree } from "./free";
import { Heap, heapOf } from "./heap";
import { m } from "./model";
import { EVERY_PLANE, writeHeader, writeRange } from "./resident";
import { trimAfterFree } from "./trim";

/**
 * UNLOGGED chunks (ptmalloc2.md §12.6): memory allocated outside the log, without which a block could not lie where its
 * pointer shows. It is in use and resident until the log shows that it was freed.
 */

/** Makes chunk `c`, which is on no list, UNLOGGED. */
export function markUnlogged(c: i32): void {
  // The process allocated before the log began, so its first call is over.
  m.initialHookDone = true;
  const record = rec(c);
  record.state = UNLOGGED;
  m.unloggedGranules += record.size;
  const from = bytesIn(record.addr);
  writeRange(heapOf(c), from, from + bytesIn(record.size), EVERY_PLANE);
}

/**
 * Splits the UNLOGGED chunk that holds granule `addr`, so that one begins there. Returns it; 0 if none holds `addr`.
 */
export function cutUnlogged(heap: Heap, addr: i32): i32 {
  const holder = findChunk(heap, addr);
  if (holder === 0 || rec(holder).state !== UNLOGGED) {
    return 0;
  }
  const low = addr - rec(holder).addr;
  if (low === 0) {
    return holder;
  }
  const c = cutAbove(holder, low);
  rec(c).state = UNLOGGED;
  writeHeader(c);
  return c;
}

/** Frees an UNLOGGED chunk from `startUnlogged`, which is taken to reach up to the next known chunk. */
export function freeUnlogged(c: i32): void {
  const size = rec(c).size;
  if (size < MIN_GRANULES) {
    return;
  }
  m.unloggedGranules -= size;
  rec(c).state = IN_USE;
  if (rec(rec(c).next).state === TOP) {
    // No chunk above is known, so its size is not either; it is taken to border on top.
    const av = heapOf(c).arena;
    trimAfterFree(av, mergeFree(av, c, false));
  } else {
    m.inUseGranules += size;
    freeChunk(c);
  }
}
