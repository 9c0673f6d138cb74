import { Arena, newBins } from "./arena.ts";
import { ADDR, FENCE, GRANULE, HEAP, NEXT, PREV, SIZE, STATE, TOP } from "./chunks.ts";
import { type Heap, heapSizeFor } from "./heap.ts";
import { intMalloc } from "./malloc.ts";
import type { Profile } from "./profile.ts";
import { type Ptmalloc, UNKNOWN_CPUS } from "./ptmalloc.ts";
import { EVERY_PLANE, writeRange, writeWord } from "./resident.ts";
import { NO_THREADS, type Thread } from "./thread.ts";

/** Which arena serves a thread (ptmalloc2.md §6). */

/** arena_get: the thread's arena, found or made at its first need; `bytes` sizes the heap of a new one. */
export function arenaGet(m: Ptmalloc, bytes: number): Arena | null {
  return m.thread.arena ?? arenaGet2(m, bytes);
}

/**
 * arena_get2 (§6.1): from the free list, else a new one while the limit allows, else one that is in use. What comes
 * first on the list, and whose lock is free, is a race between threads: a witness may have seen which one it was.
 */
function arenaGet2(m: Ptmalloc, bytes: number): Arena {
  const shown = m.witness?.arenaShown() ?? null;
  const waiting = m.freeList.head === null ? NONE : m.freeList.arenas();
  const isWaiting = shown !== null && shown !== "new" && waiting.includes(shown);
  // Whoever has an arena that is not on the list has found the list empty.
  const isEmpty = shown !== null && !isWaiting && isPastFreeList(m, shown);
  const free = isEmpty ? null : isWaiting ? shown : firstFree(m.thread, waiting);
  if (free !== null) {
    if (isWaiting && free !== waiting[0]) {
      m.witness?.choseArena(waiting.slice(0, waiting.indexOf(free)));
    }
    m.freeList.remove(free);
    free.attachedThreads = 1;
    return attach(m, free);
  }
  if (waiting.length > 0 && isEmpty) {
    m.witness?.choseArena(waiting);
  }
  if (isBelowLimit(m) && m.witness?.sharesMainArena() !== true) {
    return attach(m, newArena(m, bytes));
  }
  return attach(m, reusedArena(m, shown === "new" ? null : shown));
}

const NONE: readonly Arena[] = [];

/** The newest on the free list that had been left when the thread chose; null: none had. */
function firstFree({ detachingLater }: Thread, waiting: readonly Arena[]): Arena | null {
  return waiting.find(({ detachedBy }) => !detachingLater.includes(detachedBy)) ?? null;
}

/** True if the thread can have got the arena `shown`, which is on no free list, where it found none on that. */
function isPastFreeList(m: Ptmalloc, shown: Arena | "new"): boolean {
  return isBelowLimit(m) === (shown === "new");
}

/** True while a thread that finds no arena on the free list is given a new one. */
function isBelowLimit(m: Ptmalloc): boolean {
  if (m.arenaLimit === 0) {
    if (m.par.arenaMax !== 0) {
      m.arenaLimit = m.par.arenaMax;
    } else if (m.arenas.length > m.par.arenaTest) {
      m.arenaLimit = limitByCpus(m);
    }
  }
  return m.arenaLimit === 0 || m.arenas.length <= m.arenaLimit - 1;
}

/** Without a limit from CPUs or pointers: that of 256 CPUs, so that a log that cannot be followed stays bounded. */
const MOST_ARENAS = 2048;

/** 8 arenas a CPU; 0, none as yet, while the CPUs are unknown and nobody knows of a limit (§6.1, §12.9). */
function limitByCpus(m: Ptmalloc): number {
  if (m.cpus !== UNKNOWN_CPUS) {
    return 8 * m.cpus;
  }
  const arenas = m.arenas.length;
  if (arenas >= MOST_ARENAS) {
    return arenas;
  }
  // The limit is 8 a CPU, or 9 where the first test of it comes too late for 8 (trap T20).
  const isPossible = arenas % 8 === 0 || arenas === 9;
  return isPossible && m.witness?.sharesArena() ? arenas : 0;
}

function attach(m: Ptmalloc, av: Arena): Arena {
  if (m.thread.arena !== null) {
    m.thread.arena.attachedThreads--;
  }
  m.thread.arena = av;
  m.thread.detachingLater = NO_THREADS;
  av.threads.add(m.thread.index);
  return av;
}

/**
 * reused_arena: the first whose lock is free, from where the last search ended; that very one if none is (§6.1). The
 * arena that a retry is to avoid is passed over only while it is locked, and the retry has unlocked it. The one `shown`
 * is known to have been the first.
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

/** True if `thread`, which has no arena, would now have to share one, and could not foretell which (§6.1). */
export function wouldReuseArena(m: Ptmalloc, thread: Thread | null): boolean {
  const { arenas, par } = m;
  if (arenas.length === 1) {
    return false;
  }
  if (m.freeList.head !== null) {
    if (thread === null || firstFree(thread, m.freeList.arenas()) !== null) {
      return false;
    }
  }
  if (m.arenaLimit !== 0) {
    return arenas.length >= m.arenaLimit;
  }
  if (par.arenaMax !== 0) {
    return arenas.length >= par.arenaMax;
  }
  return m.cpus !== UNKNOWN_CPUS && arenas.length > par.arenaTest && arenas.length >= 8 * m.cpus;
}

/** Bytes of an arena's first heap below its first chunk, which hold the heap's and the arena's own structures (§6.2). */
export function structBytes({ heapInfoBytes, mallocStateBytes }: Profile): number {
  return heapInfoBytes + mallocStateBytes;
}

/** A new arena in a new heap: heap_info, malloc_state, then top (§6.2). */
export function newArena(m: Ptmalloc, bytes: number): Arena {
  const structs = structBytes(m.profile);
  const fixed = structs + GRANULE;
  const size = heapSizeFor(bytes + fixed, m.par.topPad) || heapSizeFor(fixed, m.par.topPad);
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
  heap.ends.push(top);
  writeWord(m, heap, from);
}

/**
 * Turns the old top into a chunk in use and a fence of two granules above it, or, where nothing fits below, into a
 * fence alone (§3.8). Returns the chunk, which the caller frees; 0 when there is none.
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

/** arena_get, _int_malloc, and where that fails arena_get_retry and a second try (§3.1, §6.5). */
export function mallocFromArena(m: Ptmalloc, bytes: number, nb: number): number {
  const av = arenaGet(m, bytes);
  const c = intMalloc(m, av, nb);
  if (c !== 0 || av === null || !m.multiThreaded) {
    return c;
  }
  return intMalloc(m, arenaGetRetry(m, av, bytes), nb);
}

/** From another arena to the main one for this call only; from the main arena to another one for good (§6.5). */
export function arenaGetRetry(m: Ptmalloc, av: Arena, bytes: number): Arena {
  return av.main ? arenaGet2(m, bytes) : m.mainArena;
}

/** The thread leaves its arena (§6.4): it goes to the free list with its last thread, before 2.23 with any. */
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
