import type { Arena } from "./arena.ts";
import { unlink } from "./bins.ts";
import {
  ADDR,
  FAST,
  FD,
  FENCE,
  FREE,
  IN_USE,
  MAPPED,
  MIN_GRANULES,
  NEXT,
  PREV,
  SIZE,
  STATE,
  TOP,
  UNLOGGED,
} from "./chunks.ts";
import { reach } from "./extent.ts";
import { findChunk } from "./find-chunk.ts";
import { arenaFree, mergeFree, unmapChunk } from "./free.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { writeHeader } from "./resident.ts";
import { tcacheHasRoom, tcacheIndex, tcachePush } from "./tcache.ts";
import type { Thread } from "./thread.ts";
import { becomeUnlogged, cutUnlogged } from "./unlogged.ts";

/**
 * Forced placement (ptmalloc2.md §12): a log's pointer says where a block is, and the model had it elsewhere, because
 * the log does not tell all that happened. The block is put where it was, out of whatever lies there, and the model
 * goes on as if it had served it so. What must have been handed out for a block to lie there becomes UNLOGGED
 * (unlogged.ts).
 */

/** Takes back what the model has just handed out: to where it came from, as far as that can be told. */
export function undoAllocation(m: Ptmalloc, c: number): void {
  const w = m.chunks.words;
  if (w[c + STATE] === MAPPED) {
    unmapChunk(m, c, false);
    return;
  }
  const size = w[c + SIZE]!;
  m.inUseGranules -= size;
  const av = m.heapOf(c).arena;
  const fromTop = w[w[c + NEXT]! + STATE] === TOP;
  if (m.servedByTcache && tcacheHasRoom(m, m.thread, size)) {
    tcachePush(m, m.thread, size, c);
  } else if (size <= m.maxFastGranules && !fromTop) {
    arenaFree(m, av, c);
  } else {
    mergeFree(m, av, c, false);
  }
}

/** The current thread's tcache struct, which the model has just made, lies elsewhere: the thread is not new. */
export function undoTcacheStruct(m: Ptmalloc): void {
  const struct = m.thread.tcacheStruct;
  if (struct === 0) {
    return;
  }
  m.thread.tcacheStruct = 0;
  mergeFree(m, m.heapOf(struct).arena, struct, false);
}

/**
 * Makes granules addr..addr+nb-1 of a heap a chunk in the program's hands; the heap grows as far as it must. Returns
 * the chunk; 0 if some of it is in the program's hands already, or if no chunk of this heap can lie there.
 */
export function placeChunk(m: Ptmalloc, heap: Heap, addr: number, nb: number): number {
  const end = addr + nb;
  if (!reach(m, heap, addr, end)) {
    return 0;
  }
  const found = findChunk(m, heap, addr);
  if (found === 0) {
    return 0;
  }
  const hasRest = endsInRest(m, found, addr);
  if (!isClaimable(m, found, end, hasRest)) {
    return 0;
  }
  const lowest = hasRest ? shedRest(m, found, addr) : found;
  const av = heap.arena;
  const lowState = m.chunks.words[lowest + STATE]!;
  const { chunk, highState } = claim(m, av, lowest, end);
  const low = addr - m.chunks.words[chunk + ADDR]!;
  const c = low === 0 ? chunk : m.chunks.cutAbove(chunk, low);
  // A rest too small for a chunk is handed out, too (§3.5).
  if (m.chunks.words[c + SIZE]! - nb >= MIN_GRANULES) {
    restore(m, av, m.chunks.cutAbove(c, nb), highState);
  }
  if (low > 0) {
    restore(m, av, chunk, lowState);
  }
  m.inUseGranules += m.chunks.words[c + SIZE]!;
  writeHeader(m, c);
  return c;
}

/**
 * A chunk of which no line showed that it was allocated begins at granule `addr`: it is not one with what lies below.
 * Returns the UNLOGGED chunk that begins there; 0 if none can.
 */
export function startUnlogged(m: Ptmalloc, heap: Heap, addr: number): number {
  if (!reach(m, heap, addr, addr + MIN_GRANULES)) {
    return 0;
  }
  const w = m.chunks.words;
  const holder = findChunk(m, heap, addr);
  if (w[holder + STATE] === TOP) {
    const c = placeChunk(m, heap, addr, MIN_GRANULES);
    m.inUseGranules -= m.chunks.words[c + SIZE]!;
    becomeUnlogged(m, c);
    return c;
  }
  return cutUnlogged(m, heap, addr);
}

/** The current thread uses this arena, whichever it was given before. */
export function useArena(m: Ptmalloc, av: Arena): void {
  const { thread, freeList } = m;
  const before = thread.arena;
  if (before === av) {
    return;
  }
  freeList.remove(av);
  if (before !== null && --before.attachedThreads === 0 && !before.main) {
    freeList.push(before);
  }
  thread.arena = av;
  av.attachedThreads++;
  av.threads.add(thread.index);
}

/**
 * True if what chunk `c`, in use, has from granule `addr` on may be a rest too small for a chunk, which is handed out with
 * it (§3.5, §5.3). In the process it had none where a block begins in it.
 */
function endsInRest(m: Ptmalloc, c: number, addr: number): boolean {
  const w = m.chunks.words;
  const kept = addr - w[c + ADDR]!;
  if (w[c + STATE] !== IN_USE || kept < MIN_GRANULES) {
    return false;
  }
  return w[c + SIZE]! - kept <= MIN_GRANULES && tcacheOwner(m, c) === undefined;
}

/** Takes what chunk `c` has from granule `addr` on out of the program's hands. Returns it. */
function shedRest(m: Ptmalloc, c: number, addr: number): number {
  const rest = m.chunks.cutAbove(c, addr - m.chunks.words[c + ADDR]!);
  m.inUseGranules -= m.chunks.words[rest + SIZE]!;
  becomeUnlogged(m, rest);
  return rest;
}

/**
 * True if the chunks from `c` up to granule `end` are all free, or in other hands than the program's: those that the
 * log does not tell of, or a tcache's, which then lies elsewhere; or if `c` `hasRest`, the rest of it and those above.
 */
function isClaimable(m: Ptmalloc, c: number, end: number, hasRest: boolean): boolean {
  const w = m.chunks.words;
  for (let at = c; at !== 0; at = w[at + NEXT]!) {
    const state = w[at + STATE]!;
    const isHeld = state === IN_USE && !(hasRest && at === c);
    if (state === FENCE || (isHeld && tcacheOwner(m, at) === undefined)) {
      return false;
    }
    if (w[at + ADDR]! + w[at + SIZE]! >= end) {
      return true;
    }
  }
  return false;
}

/** The thread whose tcache struct lies in chunk `c`. */
function tcacheOwner(m: Ptmalloc, c: number): Thread | undefined {
  return m.allThreads().find(({ tcacheStruct }) => tcacheStruct === c);
}

/** Joins the chunks from `lowest` up to granule `end`, at least, to one in use. Tells what the highest of them was. */
function claim(
  m: Ptmalloc,
  av: Arena,
  lowest: number,
  end: number,
): { chunk: number; highState: number } {
  const { chunks } = m;
  let w = chunks.words;
  if (w[lowest + STATE] === TOP) {
    const chunk = chunks.cutBelow(lowest, end - w[lowest + ADDR]!);
    writeHeader(m, lowest);
    return { chunk, highState: TOP };
  }
  let highState = w[lowest + STATE]!;
  takeOff(m, av, lowest);
  for (;;) {
    w = chunks.words;
    const missing = end - (w[lowest + ADDR]! + w[lowest + SIZE]!);
    if (missing <= 0) {
      return { chunk: lowest, highState };
    }
    const above = w[lowest + NEXT]!;
    highState = w[above + STATE]!;
    if (highState === TOP) {
      chunks.moveBorder(lowest, above, missing);
      writeHeader(m, above);
      return { chunk: lowest, highState };
    }
    takeOff(m, av, above);
    chunks.absorbAbove(lowest);
  }
}

/** Takes a chunk off the list it is on. */
function takeOff(m: Ptmalloc, av: Arena, c: number): void {
  const w = m.chunks.words;
  const size = w[c + SIZE]!;
  const state = w[c + STATE]!;
  w[c + STATE] = IN_USE;
  if (state === FREE) {
    unlink(m, c);
  } else if (state === UNLOGGED) {
    m.unloggedGranules -= size;
  } else if (state === FAST) {
    takeOffChain(w, av.fastbins, size - MIN_GRANULES, c);
  } else if (state === IN_USE) {
    const owner = tcacheOwner(m, c);
    if (owner !== undefined) {
      owner.tcacheStruct = 0;
    }
  } else {
    const index = tcacheIndex(size);
    const owner = m.allThreads().find(({ entries }) => takeOffChain(w, entries, index, c));
    if (owner !== undefined) {
      owner.counts[index]!--;
    }
  }
}

/** Takes `c` off a singly linked list; false if it is not on it. */
function takeOffChain(w: Int32Array, heads: Int32Array, index: number, c: number): boolean {
  let before = 0;
  for (let at = heads[index]!; at !== 0; at = w[at + FD]!) {
    if (at === c) {
      if (before === 0) {
        heads[index] = w[c + FD]!;
      } else {
        w[before + FD] = w[c + FD]!;
      }
      return true;
    }
    before = at;
  }
  return false;
}

/**
 * What lies beside a placed chunk is again what it was. What was cut from the top has been handed out, the log does
 * not tell to whom; an UNLOGGED chunk below it is taken to reach up that far.
 */
function restore(m: Ptmalloc, av: Arena, c: number, state: number): void {
  const w = m.chunks.words;
  const below = w[c + PREV]!;
  if (w[c + SIZE]! < MIN_GRANULES && below !== 0 && w[below + STATE] === IN_USE) {
    // Too small for a chunk: it was handed out with the one below (§3.5).
    if (tcacheOwner(m, below) === undefined) {
      m.inUseGranules += w[c + SIZE]!;
    }
    m.chunks.absorbAbove(below);
  } else if (state === UNLOGGED || state === TOP || w[c + SIZE]! < MIN_GRANULES) {
    becomeUnlogged(m, c);
    if (state === TOP && w[below + STATE] === UNLOGGED) {
      m.chunks.absorbAbove(below);
    }
  } else {
    writeHeader(m, c);
    mergeFree(m, av, c, false);
  }
}
