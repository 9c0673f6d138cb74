import { Arena, fastbin, isMain, setFastbin } from "./arena";
import { addArenaUser } from "./arena-users";
import { unlink } from "./bins";
import {
  absorbAbove,
  cutAbove,
  cutBelow,
  FAST,
  FENCE,
  FREE,
  IN_USE,
  MAPPED,
  MIN_GRANULES,
  moveBoundary,
  rec,
  TOP,
  UNLOGGED,
} from "./chunks";
import { extendTo } from "./extent";
import { findChunk } from "./find-chunk";
import { arenaFree, mergeFree, unmapChunk } from "./free";
import { pushFree, removeFree } from "./free-list";
import { Heap, heapOf } from "./heap";
import { m } from "./model";
import { keepRequest } from "./requests";
import { writeHeader } from "./resident";
import { detachStruct, structOwner, tcacheHasRoom, tcachePush, tcacheRemove } from "./tcache";
import { cutUnlogged, markUnlogged } from "./unlogged";

/**
 * Forced placement (ptmalloc2.md §12): a log's pointer shows that a block lies at another address than in the model,
 * because the log is incomplete. The block is moved there, taking whatever chunks hold that address, and the model
 * continues as if it had chosen that place. Memory that must have been allocated for the block to lie there becomes
 * UNLOGGED (unlogged.ts).
 */

/** Returns the chunk of the latest allocation to where it came from, as far as that is known. */
export function undoAllocation(c: i32): void {
  const record = rec(c);
  if (record.state === MAPPED) {
    unmapChunk(c, false);
    return;
  }
  const size = record.size;
  m.inUseGranules -= size;
  const av = heapOf(c).arena;
  const fromTop = rec(record.next).state === TOP;
  if (m.servedByTcache && tcacheHasRoom(m.thread, size)) {
    tcachePush(m.thread, size, c);
  } else if (size <= m.maxFastGranules && !fromTop) {
    arenaFree(av, c);
  } else {
    mergeFree(av, c, false);
  }
}

/** Frees the tcache struct that the current thread has just allocated: the thread is not new and has one elsewhere. */
export function undoTcacheStruct(): void {
  const struct = detachStruct(m.thread);
  if (struct === 0) {
    return;
  }
  if (rec(struct).state === MAPPED) {
    unmapChunk(struct, false);
  } else {
    mergeFree(heapOf(struct).arena, struct, false);
  }
}

/**
 * Makes granules addr..addr+nb-1 of a heap a chunk held by the program; the heap grows as needed. Returns the chunk; 0
 * if the program already holds part of it, or if no chunk of this heap can lie there.
 */
export function placeChunk(heap: Heap, addr: i32, nb: i32): i32 {
  const end = addr + nb;
  if (!extendTo(heap, addr, end)) {
    return 0;
  }
  const found = findChunk(heap, addr);
  if (found === 0) {
    return 0;
  }
  const hasRemainder = mayEndInRemainder(found, addr);
  if (!isClaimable(found, end, hasRemainder)) {
    return 0;
  }
  const lowest = hasRemainder ? splitRemainder(found, addr) : found;
  const av = heap.arena;
  const lowState = rec(lowest).state;
  // `claim` takes the chunks up to here.
  const highState = stateAt(lowest, end);
  const chunk = claim(av, lowest, end);
  const low = addr - rec(chunk).addr;
  const c = low === 0 ? chunk : cutAbove(chunk, low);
  // A smaller remainder stays with the chunk (§3.5).
  if (rec(c).size - nb >= MIN_GRANULES) {
    restore(av, cutAbove(c, nb), highState);
  }
  if (low > 0) {
    restore(av, chunk, lowState);
  }
  m.inUseGranules += rec(c).size;
  writeHeader(c);
  return c;
}

/**
 * Starts an UNLOGGED chunk at granule `addr`, for a chunk that is freed in the log and was allocated outside it.
 * Returns it; 0 if none can start there.
 */
export function startUnlogged(heap: Heap, addr: i32): i32 {
  if (!extendTo(heap, addr, addr + MIN_GRANULES)) {
    return 0;
  }
  const holder = findChunk(heap, addr);
  if (rec(holder).state === TOP) {
    const c = placeChunk(heap, addr, MIN_GRANULES);
    m.inUseGranules -= rec(c).size;
    markUnlogged(c);
    return c;
  }
  return cutUnlogged(heap, addr);
}

/** Attaches the current thread to `av` in place of its arena. */
export function useArena(av: Arena): void {
  const thread = m.thread;
  const before = thread.arena;
  if (before === av) {
    return;
  }
  removeFree(av);
  if (before !== null) {
    before.attachedThreads--;
    if (before.attachedThreads === 0 && !isMain(before)) {
      pushFree(before);
    }
  }
  thread.arena = av;
  av.attachedThreads++;
  addArenaUser(thread.index, av.id);
}

/**
 * True if the part of chunk `c`, in use, from granule `addr` on may be a remainder that was too small to split off
 * (§3.5, §5.3). If a block of the log begins there, the chunk was smaller in the process.
 */
function mayEndInRemainder(c: i32, addr: i32): bool {
  const record = rec(c);
  const kept = addr - record.addr;
  if (record.state !== IN_USE || kept < MIN_GRANULES) {
    return false;
  }
  return record.size - kept <= MIN_GRANULES && structOwner(c) === null;
}

/** Splits off the part of chunk `c` from granule `addr` on, no longer held by the program. Returns it. */
function splitRemainder(c: i32, addr: i32): i32 {
  const remainder = cutAbove(c, addr - rec(c).addr);
  const size = rec(remainder).size;
  m.inUseGranules -= size;
  keepRequest(c, -size);
  markUnlogged(remainder);
  return remainder;
}

/**
 * True if the program holds none of the chunks from `c` up to granule `end`: they are free, UNLOGGED, or a tcache
 * struct, which then lies elsewhere. If `hasRemainder`, `c` itself counts as not held.
 */
function isClaimable(c: i32, end: i32, hasRemainder: bool): bool {
  for (let at = c; at !== 0; at = rec(at).next) {
    const state = rec(at).state;
    const isHeld = state === IN_USE && !(hasRemainder && at === c);
    if (state === FENCE || (isHeld && structOwner(at) === null)) {
      return false;
    }
    if (endAddr(at) >= end) {
      return true;
    }
  }
  return false;
}

function endAddr(c: i32): i32 {
  return rec(c).addr + rec(c).size;
}

/** The state of the highest of the chunks from `lowest` up to granule `end`. */
function stateAt(lowest: i32, end: i32): i32 {
  let c = lowest;
  while (rec(c).state !== TOP && endAddr(c) < end) {
    c = rec(c).next;
  }
  return rec(c).state;
}

/** Merges the chunks from `lowest` up to granule `end` or beyond into one in use. Returns it. */
function claim(av: Arena, lowest: i32, end: i32): i32 {
  if (rec(lowest).state === TOP) {
    const chunk = cutBelow(lowest, end - rec(lowest).addr);
    writeHeader(lowest);
    return chunk;
  }
  takeOffList(av, lowest);
  while (true) {
    const missing = end - endAddr(lowest);
    if (missing <= 0) {
      return lowest;
    }
    const above = rec(lowest).next;
    if (rec(above).state === TOP) {
      moveBoundary(lowest, above, missing);
      writeHeader(above);
      return lowest;
    }
    takeOffList(av, above);
    absorbAbove(lowest);
  }
}

/** Takes a chunk off its list and marks it in use. */
function takeOffList(av: Arena, c: i32): void {
  const record = rec(c);
  const state = record.state;
  record.state = IN_USE;
  if (state === FREE) {
    unlink(c);
  } else if (state === UNLOGGED) {
    m.unloggedGranules -= record.size;
  } else if (state === FAST) {
    takeOffFastbin(av, record.size - MIN_GRANULES, c);
  } else if (state === IN_USE) {
    const owner = structOwner(c);
    if (owner !== null) {
      detachStruct(owner);
    }
  } else {
    tcacheRemove(c);
  }
}

/** Takes `c` off the fastbin with number `index`. */
function takeOffFastbin(av: Arena, index: i32, c: i32): void {
  let before = 0;
  for (let at = fastbin(av, index); at !== c; at = rec(at).fd) {
    before = at;
  }
  if (before === 0) {
    setFastbin(av, index, rec(c).fd);
  } else {
    rec(before).fd = rec(c).fd;
  }
}

/**
 * Gives the part beside a placed chunk its former state. A part of top becomes UNLOGGED, since it must have been
 * allocated, and merges into an UNLOGGED chunk below it.
 */
function restore(av: Arena, c: i32, state: i32): void {
  const size = rec(c).size;
  const below = rec(c).prev;
  if (size < MIN_GRANULES && below !== 0 && rec(below).state === IN_USE) {
    // Below MINSIZE: it is the remainder of the chunk below (§3.5).
    if (structOwner(below) === null) {
      m.inUseGranules += size;
      keepRequest(below, size);
    }
    absorbAbove(below);
  } else if (state === UNLOGGED || state === TOP || size < MIN_GRANULES) {
    markUnlogged(c);
    if (state === TOP && rec(below).state === UNLOGGED) {
      absorbAbove(below);
    }
  } else {
    writeHeader(c);
    mergeFree(av, c, false);
  }
}
