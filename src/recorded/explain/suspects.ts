import { ADDR, FD, GRANULE, HEAP, SIZE } from "../../ptmalloc/chunks.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";

/** Where a log says a block is, in the model's terms. */
export interface LoggedPlace {
  /** id of the heap the pointer lies in; −1 when it lies in none that is known */
  readonly heap: number;
  /** offset of the block from the heap's start, in bytes */
  readonly offset: number;
  /** requested bytes */
  readonly bytes: number;
}

/**
 * Threads whose end would explain that the log puts a block where the model has none to give, likeliest first: those
 * whose tcache holds a chunk in that very place, which only its flush would set free; the caller itself, whose tid may
 * be a new thread's; and those attached to the arena.
 */
export function suspects(m: Ptmalloc, caller: number, place: LoggedPlace): number[] {
  const found = new Set<number>();
  for (const thread of m.allThreads()) {
    if (thread.index !== caller && holdsChunkAt(m, thread.entries, place)) {
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

/** True if one of the cached chunks lies in the block's place, or at its border, where it would be merged in. */
function holdsChunkAt(m: Ptmalloc, entries: Int32Array, place: LoggedPlace): boolean {
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
