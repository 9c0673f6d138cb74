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
import { extendTo } from "./extent.ts";
import { findChunk } from "./find-chunk.ts";
import { arenaFree, mergeFree, unmapChunk } from "./free.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { keepRequest } from "./requests.ts";
import { writeHeader } from "./resident.ts";
import { detachStruct, structOwner, tcacheHasRoom, tcachePush, tcacheRemove } from "./tcache.ts";
import { cutUnlogged, markUnlogged } from "./unlogged.ts";

/**
 * Forced placement (ptmalloc2.md §12): a log's pointer shows that a block lies at another address than in the model,
 * because the log is incomplete. The block is moved there, taking whatever chunks hold that address, and the model
 * continues as if it had chosen that place. Memory that must have been allocated for the block to lie there becomes
 * UNLOGGED (unlogged.ts).
 */

/** Returns the chunk of the latest allocation to where it came from, as far as that is known. */
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

/** Frees the tcache struct that the current thread has just allocated: the thread is not new and has one elsewhere. */
export function undoTcacheStruct(m: Ptmalloc): void {
  const struct = detachStruct(m, m.thread);
  if (struct === 0) {
    return;
  }
  if (m.chunks.words[struct + STATE] === MAPPED) {
    unmapChunk(m, struct, false);
  } else {
    mergeFree(m, m.heapOf(struct).arena, struct, false);
  }
}

/**
 * Makes granules addr..addr+nb-1 of a heap a chunk held by the program; the heap grows as needed. Returns the chunk; 0
 * if the program already holds part of it, or if no chunk of this heap can lie there.
 */
export function placeChunk(m: Ptmalloc, heap: Heap, addr: number, nb: number): number {
  const end = addr + nb;
  if (!extendTo(m, heap, addr, end)) {
    return 0;
  }
  const found = findChunk(m, heap, addr);
  if (found === 0) {
    return 0;
  }
  const hasRemainder = mayEndInRemainder(m, found, addr);
  if (!isClaimable(m, found, end, hasRemainder)) {
    return 0;
  }
  const lowest = hasRemainder ? splitRemainder(m, found, addr) : found;
  const av = heap.arena;
  const lowState = m.chunks.words[lowest + STATE]!;
  const { chunk, highState } = claim(m, av, lowest, end);
  const low = addr - m.chunks.words[chunk + ADDR]!;
  const c = low === 0 ? chunk : m.chunks.cutAbove(chunk, low);
  // A smaller remainder stays with the chunk (§3.5).
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
 * Starts an UNLOGGED chunk at granule `addr`, for a chunk that is freed in the log and was allocated outside it.
 * Returns it; 0 if none can start there.
 */
export function startUnlogged(m: Ptmalloc, heap: Heap, addr: number): number {
  if (!extendTo(m, heap, addr, addr + MIN_GRANULES)) {
    return 0;
  }
  const w = m.chunks.words;
  const holder = findChunk(m, heap, addr);
  if (w[holder + STATE] === TOP) {
    const c = placeChunk(m, heap, addr, MIN_GRANULES);
    m.inUseGranules -= m.chunks.words[c + SIZE]!;
    markUnlogged(m, c);
    return c;
  }
  return cutUnlogged(m, heap, addr);
}

/** Attaches the current thread to `av` in place of its arena. */
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
  m.threads.arenas.add(thread.index, av.id);
}

/**
 * True if the part of chunk `c`, in use, from granule `addr` on may be a remainder that was too small to split off
 * (§3.5, §5.3). If a block of the log begins there, the chunk was smaller in the process.
 */
function mayEndInRemainder(m: Ptmalloc, c: number, addr: number): boolean {
  const w = m.chunks.words;
  const kept = addr - w[c + ADDR]!;
  if (w[c + STATE] !== IN_USE || kept < MIN_GRANULES) {
    return false;
  }
  return w[c + SIZE]! - kept <= MIN_GRANULES && structOwner(m, c) === null;
}

/** Splits off the part of chunk `c` from granule `addr` on, no longer held by the program. Returns it. */
function splitRemainder(m: Ptmalloc, c: number, addr: number): number {
  const remainder = m.chunks.cutAbove(c, addr - m.chunks.words[c + ADDR]!);
  const size = m.chunks.words[remainder + SIZE]!;
  m.inUseGranules -= size;
  keepRequest(m, c, -size);
  markUnlogged(m, remainder);
  return remainder;
}

/**
 * True if the program holds none of the chunks from `c` up to granule `end`: they are free, UNLOGGED, or a tcache
 * struct, which then lies elsewhere. If `hasRemainder`, `c` itself counts as not held.
 */
function isClaimable(m: Ptmalloc, c: number, end: number, hasRemainder: boolean): boolean {
  const w = m.chunks.words;
  for (let at = c; at !== 0; at = w[at + NEXT]!) {
    const state = w[at + STATE]!;
    const isHeld = state === IN_USE && !(hasRemainder && at === c);
    if (state === FENCE || (isHeld && structOwner(m, at) === null)) {
      return false;
    }
    if (w[at + ADDR]! + w[at + SIZE]! >= end) {
      return true;
    }
  }
  return false;
}

/**
 * Merges the chunks from `lowest` up to granule `end` or beyond into one in use; `highState` is the state of the
 * highest.
 */
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
  takeOffList(m, av, lowest);
  for (;;) {
    w = chunks.words;
    const missing = end - (w[lowest + ADDR]! + w[lowest + SIZE]!);
    if (missing <= 0) {
      return { chunk: lowest, highState };
    }
    const above = w[lowest + NEXT]!;
    highState = w[above + STATE]!;
    if (highState === TOP) {
      chunks.moveBoundary(lowest, above, missing);
      writeHeader(m, above);
      return { chunk: lowest, highState };
    }
    takeOffList(m, av, above);
    chunks.absorbAbove(lowest);
  }
}

/** Takes a chunk off its list and marks it in use. */
function takeOffList(m: Ptmalloc, av: Arena, c: number): void {
  const w = m.chunks.words;
  const size = w[c + SIZE]!;
  const state = w[c + STATE]!;
  w[c + STATE] = IN_USE;
  if (state === FREE) {
    unlink(m, c);
  } else if (state === UNLOGGED) {
    m.unloggedGranules -= size;
  } else if (state === FAST) {
    takeOffFastbin(w, av.fastbins, size - MIN_GRANULES, c);
  } else if (state === IN_USE) {
    const owner = structOwner(m, c);
    if (owner !== null) {
      detachStruct(m, owner);
    }
  } else {
    tcacheRemove(m, c);
  }
}

/** Takes `c` off the fastbin at heads[index]. */
function takeOffFastbin(w: Int32Array, heads: Int32Array, index: number, c: number): void {
  let before = 0;
  for (let at = heads[index]!; at !== c; at = w[at + FD]!) {
    before = at;
  }
  if (before === 0) {
    heads[index] = w[c + FD]!;
  } else {
    w[before + FD] = w[c + FD]!;
  }
}

/**
 * Gives the part beside a placed chunk its former state. A part of top becomes UNLOGGED, since it must have been
 * allocated, and merges into an UNLOGGED chunk below it.
 */
function restore(m: Ptmalloc, av: Arena, c: number, state: number): void {
  const w = m.chunks.words;
  const below = w[c + PREV]!;
  if (w[c + SIZE]! < MIN_GRANULES && below !== 0 && w[below + STATE] === IN_USE) {
    // Below MINSIZE: it is the remainder of the chunk below (§3.5).
    if (structOwner(m, below) === null) {
      m.inUseGranules += w[c + SIZE]!;
      keepRequest(m, below, w[c + SIZE]!);
    }
    m.chunks.absorbAbove(below);
  } else if (state === UNLOGGED || state === TOP || w[c + SIZE]! < MIN_GRANULES) {
    markUnlogged(m, c);
    if (state === TOP && w[below + STATE] === UNLOGGED) {
      m.chunks.absorbAbove(below);
    }
  } else {
    writeHeader(m, c);
    mergeFree(m, av, c, false);
  }
}
