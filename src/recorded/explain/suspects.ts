import { ADDR, BK, CACHED, GRANULE, NEXT, PREV, SIZE, STATE } from "../../ptmalloc/chunks.ts";
import { findChunk } from "../../ptmalloc/find-chunk.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import type { LoggedPlace } from "../../replay/pointers/address-map.ts";

/** Suspects tried per mismatch. */
export const MAX_SUSPECTS = 12;

/**
 * Returns the threads whose exit would explain that the log puts a block where the model has no free chunk, likeliest
 * first: threads whose tcache holds a chunk in that very place, which only its flush frees; the calling thread, because
 * its tid may belong to a new thread; and threads attached to the arena. `caller` and the results are dense indices.
 */
export function suspects(m: Ptmalloc, caller: number, place: LoggedPlace): number[] {
  const owners = ownersOfCachedChunks(m, place).filter((thread) => thread !== caller);
  const found = new Set([...owners.sort((a, b) => a - b), caller]);
  const arena = m.heaps[place.heap]?.arena;
  for (const thread of m.threads.indices()) {
    // The main thread is among them, and left out below.
    if (found.size > MAX_SUSPECTS) {
      break;
    }
    if (m.threads.arenaOf(thread) === arena) {
      found.add(thread);
    }
  }
  // The main thread outlives all others.
  found.delete(0);
  return [...found].slice(0, MAX_SUSPECTS);
}

/** The threads that cache a chunk which overlaps the block's place, or borders on it, so that it would merge into it. */
function ownersOfCachedChunks(m: Ptmalloc, { heap: id, offset, bytes }: LoggedPlace): number[] {
  const heap = m.heaps[id];
  if (heap === undefined) {
    return [];
  }
  const w = m.chunks.words;
  const from = offset - GRANULE;
  const holder = findChunk(m, heap, Math.floor(from / GRANULE));
  const below = holder === 0 ? 0 : w[holder + PREV]!;
  const owners = new Set<number>();
  for (let c = below === 0 ? holder : below; c !== 0; c = w[c + NEXT]!) {
    const start = w[c + ADDR]! * GRANULE;
    if (start > offset + bytes || owners.size > MAX_SUSPECTS) {
      break;
    }
    if (w[c + STATE] === CACHED && start + w[c + SIZE]! * GRANULE >= from) {
      owners.add(w[c + BK]!);
    }
  }
  return [...owners];
}
