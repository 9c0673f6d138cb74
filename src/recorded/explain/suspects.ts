import { ADDR, FD, GRANULE, HEAP, SIZE } from "../../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import type { LoggedPlace } from "../../replay/pointers/address-map.ts";

/**
 * Returns the threads whose exit would explain that the log puts a block where the model has no free chunk, likeliest
 * first: threads whose tcache holds a chunk in that very place, which only its flush frees; the calling thread, because
 * its tid may belong to a new thread; and threads attached to the arena. `caller` and the results are dense indices.
 */
export function suspects(m: Ptmalloc, caller: number, place: LoggedPlace): number[] {
  const found = new Set<number>();
  for (const thread of m.allThreads()) {
    if (thread.index !== caller && cachesChunkAt(m, thread.entries, place)) {
      found.add(thread.index);
    }
  }
  found.add(caller);
  const arena = m.heaps[place.heap]?.arena;
  for (const thread of m.allThreads()) {
    if (thread.arena === arena) {
      found.add(thread.index);
    }
  }
  // The main thread outlives all others.
  found.delete(0);
  return [...found];
}

/** True if a cached chunk overlaps the block's place, or borders on it, so that it would merge into it. */
function cachesChunkAt(m: Ptmalloc, entries: Int32Array, place: LoggedPlace): boolean {
  const w = m.chunks.words;
  const from = place.offset - GRANULE;
  const to = place.offset + place.bytes;
  for (const head of entries) {
    for (let c = head; c !== 0; c = w[c + FD]!) {
      if (w[c + HEAP] !== place.heap) {
        continue;
      }
      const start = w[c + ADDR]! * GRANULE;
      if (start <= to && start + w[c + SIZE]! * GRANULE >= from) {
        return true;
      }
    }
  }
  return false;
}
