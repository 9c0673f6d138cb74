import { Arena, newBins } from "./arena.ts";
import { ADDR, FENCE, GRANULE, HEAP, NEXT, PREV, SIZE, STATE, TOP } from "./chunks.ts";
import { type Heap, heapSizeFor } from "./heap.ts";
import { intMalloc } from "./malloc.ts";
import type { Profile } from "./profile.ts";
import { type Ptmalloc, UNKNOWN_CPUS } from "./ptmalloc.ts";
import { EVERY_PLANE, writeRange, writeWord } from "./resident.ts";
import { NO_THREADS, type Thread } from "./thread.ts";

/** The choice of an arena for a thread, and new arenas (ptmalloc2.md §6). */

/** arena_get: the thread's arena, chosen or created at its first use; a new one has a heap for `bytes`. */
export function arenaGet(m: Ptmalloc, bytes: number): Arena | null {
  return m.thread.arena ?? arenaGet2(m, bytes);
}

/**
 * arena_get2 (§6.1): an arena from the free list, else a new one while the limit allows, else one in use. The order of
 * the list and the first free lock depend on races between threads; the witness may have evidence of the outcome.
 */
function arenaGet2(m: Ptmalloc, bytes: number): Arena {
  const shown = m.witness?.arenaShown() ?? null;
  const listed = m.freeList.head === null ? NONE : m.freeList.arenas();
  const isListed = shown !== null && shown !== "new" && listed.includes(shown);
  // A thread that gets an arena from elsewhere found the list empty.
  const foundEmpty = shown !== null && !isListed && isPossibleWithoutList(m, shown);
  const free = foundEmpty ? null : isListed ? shown : firstFree(m.thread, listed);
  if (free !== null) {
    if (isListed && free !== listed[0]) {
      m.witness?.choseArena(listed.slice(0, listed.indexOf(free)));
    }
    m.freeList.remove(free);
    free.attachedThreads = 1;
    return attach(m, free);
  }
  if (listed.length > 0 && foundEmpty) {
    m.witness?.choseArena(listed);
  }
  if (isBelowLimit(m) && m.witness?.sharesMainArena() !== true) {
    return attach(m, newArena(m, bytes));
  }
  return attach(m, reusedArena(m, shown === "new" ? null : shown));
}

const NONE: readonly Arena[] = [];

/** The newest arena on the free list that was already there when the thread attached; null: none was. */
function firstFree({ detachingLater }: Thread, listed: readonly Arena[]): Arena | null {
  return listed.find(({ detachedBy }) => !detachingLater.includes(detachedBy)) ?? null;
}

/** True if a thread that found the free list empty can have got `shown`, an arena that is not on it. */
function isPossibleWithoutList(m: Ptmalloc, shown: Arena | "new"): boolean {
  return isBelowLimit(m) === (shown === "new");
}

/** True while a thread that finds the free list empty gets a new arena. */
function isBelowLimit(m: Ptmalloc): boolean {
  if (m.arenaLimit === 0) {
    if (m.par.arenaMax !== 0) {
      m.arenaLimit = m.par.arenaMax;
    } else if (isLimitedByCpus(m)) {
      m.arenaLimit = m.cpus === UNKNOWN_CPUS ? limitShown(m) : limitByCpus(m);
    }
  }
  return m.arenaLimit === 0 || m.arenas.length <= m.arenaLimit - 1;
}

/** True once there are so many arenas that glibc computes their limit from the CPUs (§6.1, trap T20). */
function isLimitedByCpus({ arenas, par, profile }: Ptmalloc): boolean {
  switch (profile.arenaLimit) {
    case "eightPerCpu":
      return arenas.length > par.arenaTest;
    case "cpusOrTest":
      return arenas.length >= par.arenaTest;
  }
}

function limitByCpus({ cpus, par, profile }: Ptmalloc): number {
  switch (profile.arenaLimit) {
    case "eightPerCpu":
      return 8 * cpus;
    case "cpusOrTest":
      return Math.max(cpus, par.arenaTest);
  }
}

/** The limit of 256 CPUs up to 2.43: bounds memory where neither CPUs nor pointers give one. */
export const MAX_ARENAS = 2048;

/** The limit while CPUs are unknown: the one that the witness shows, 0 (none) until then (§12.9). */
function limitShown(m: Ptmalloc): number {
  const arenas = m.arenas.length;
  if (arenas >= MAX_ARENAS) {
    return arenas;
  }
  // The limit is 8 per CPU, or 9 if the first check comes too late for 8; since 2.44 any number of CPUs.
  const isPossible = m.profile.arenaLimit === "cpusOrTest" || arenas % 8 === 0 || arenas === 9;
  return isPossible && m.witness?.sharesArena() ? arenas : 0;
}

/** CPUs of the process as far as its limit of arenas shows them: from..to; null while it shows nothing. */
export function cpusByLimit(m: Ptmalloc): { readonly from: number; readonly to: number } | null {
  const { arenaLimit: limit, cpus, par, profile } = m;
  if (cpus !== UNKNOWN_CPUS) {
    return { from: cpus, to: cpus };
  }
  if (limit === 0 || par.arenaMax !== 0) {
    return null;
  }
  switch (profile.arenaLimit) {
    case "eightPerCpu":
      return { from: Math.floor(limit / 8), to: Math.floor(limit / 8) };
    case "cpusOrTest":
      return { from: limit > par.arenaTest ? limit : 1, to: limit };
  }
}

function attach(m: Ptmalloc, av: Arena): Arena {
  if (m.thread.arena !== null) {
    m.thread.arena.attachedThreads--;
  }
  m.thread.arena = av;
  m.thread.detachingLater = NO_THREADS;
  m.threads.arenas.add(m.thread.index, av.id);
  return av;
}

/**
 * reused_arena (§6.1): the first arena whose lock is free, searched from where the last search ended; if none is, the
 * one there. `shown`, unless null, is known to be that first arena. `avoid_arena` has no effect: glibc skips it only
 * while it is locked, and the retry has unlocked it.
 */
function reusedArena(m: Ptmalloc, shown: Arena | null): Arena {
  let av = shown ?? m.nextToUse;
  if (av !== m.nextToUse) {
    m.witness?.choseArena(NONE);
  }
  if (m.trylock !== null) {
    while (!m.trylock()) {
      av = av.next;
      if (av === m.nextToUse) {
        break;
      }
    }
  }
  m.nextToUse = av.next;
  if (m.profile.reusedLeavesFreeList) {
    m.freeList.remove(av);
  }
  av.attachedThreads++;
  return av;
}

/** Bytes below the first chunk of an arena's first heap: heap_info and malloc_state (§6.2). */
export function structBytes({ heapInfoBytes, mallocStateBytes }: Profile): number {
  return heapInfoBytes + mallocStateBytes;
}

/** _int_new_arena: a new arena in a new heap of heap_info, malloc_state, and top (§6.2). */
export function newArena(m: Ptmalloc, bytes: number): Arena {
  const structs = structBytes(m.profile);
  const fixed = structs + GRANULE;
  const { topPad } = m.par;
  const size =
    heapSizeFor(bytes + fixed, topPad, m.heapUnit) || heapSizeFor(fixed, topPad, m.heapUnit);
  const av = new Arena(m.arenas.length, newBins(m.chunks));
  m.arenas.push(av);
  const heap = m.newHeap("arena", av, null, size);
  m.addSystemMem(av, size);
  writeRange(m, heap, 0, structs, EVERY_PLANE);
  startTop(m, av, heap, Math.ceil(structs / GRANULE), size / GRANULE);
  av.attachedThreads = 1;
  av.next = m.mainArena.next;
  m.mainArena.next = av;
  return av;
}

/** Makes granules from..to-1 of `heap` the arena's top, the first chunk of a new stretch. */
export function startTop(m: Ptmalloc, av: Arena, heap: Heap, from: number, to: number): void {
  const top = m.chunks.allocate();
  const w = m.chunks.words;
  w[top + SIZE] = to - from;
  w[top + STATE] = TOP;
  w[top + ADDR] = from;
  w[top + HEAP] = heap.id;
  w[top + PREV] = 0;
  w[top + NEXT] = 0;
  av.top = top;
  av.trimmedBytes = 0;
  heap.ends.push(top);
  heap.starts.push(from);
  writeWord(m, heap, from);
}

/**
 * Turns the old top into a chunk in use and a fencepost of two granules above it, or into a fencepost alone if no chunk
 * fits below (§3.8). Returns the chunk, which the caller frees; 0 if there is none.
 */
export function fenceOldTop(m: Ptmalloc, top: number): number {
  const w = m.chunks.words;
  const size = w[top + SIZE]!;
  const heap = m.heapOf(top);
  w[top + STATE] = FENCE;
  const below = size - 2;
  if (below < 2) {
    writeWord(m, heap, w[top + ADDR]! + size - 1);
    return 0;
  }
  const chunk = m.chunks.cutBelow(top, below);
  const addr = m.chunks.words[top + ADDR]!;
  writeWord(m, heap, addr);
  writeWord(m, heap, addr + 1);
  return chunk;
}

/** arena_get and _int_malloc; if that fails, arena_get_retry and _int_malloc again (§3.1, §6.5). */
export function mallocFromArena(m: Ptmalloc, bytes: number, nb: number): number {
  const av = arenaGet(m, bytes);
  const c = intMalloc(m, av, nb);
  if (c !== 0 || av === null || !m.multiThreaded) {
    return c;
  }
  return intMalloc(m, arenaGetRetry(m, av, bytes), nb);
}

/** Returns the main arena for this call only; from the main arena, attaches the thread to another one (§6.5). */
export function arenaGetRetry(m: Ptmalloc, av: Arena, bytes: number): Arena {
  return av.main ? arenaGet2(m, bytes) : m.mainArena;
}

/** arena_thread_freeres (§6.4): the arena joins the free list when its last thread ends, before 2.23 when any does. */
export function detachArena(m: Ptmalloc): void {
  const av = m.thread.arena;
  if (av === null) {
    return;
  }
  m.thread.arena = null;
  av.attachedThreads--;
  if (m.profile.arenaRefcount && av.attachedThreads > 0) {
    return;
  }
  av.detachedBy = m.thread.index;
  m.freeList.push(av);
}
