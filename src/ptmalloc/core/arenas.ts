import { allocate, release } from "../../wasm/core/store";
import { Arena, addSystemMem, createArena, isMain } from "./arena";
import { addArenaUser } from "./arena-users";
import { allocateChunk, cutBelow, FENCE, GRANULE, rec, TOP } from "./chunks";
import { firstListed, isListed, nextListed, pushFree, removeFree } from "./free-list";
import { ARENA, addStretch, Heap, heapOf, heapSizeFor, newHeap } from "./heap";
import { arenaShown, choseArena, sharesArena, sharesMainArena, trylock } from "./host";
import { intMalloc } from "./malloc";
import { m, par, profile } from "./model";
import { LIMIT_CPUS_OR_TEST, LIMIT_EIGHT_PER_CPU } from "./profile";
import { EVERY_PLANE, writeRange, writeWord } from "./resident";
import { detachesLater, forgetDetachingLater, Thread } from "./thread";

/** The choice of an arena for a thread, and new arenas (ptmalloc2.md §6). */

/** arena_get: the thread's arena, chosen or created at its first use; a new one has a heap for `bytes`. */
export function arenaGet(bytes: f64): Arena {
  const av = m.thread.arena;
  return av !== null ? av : arenaGet2(bytes);
}

// What arenaShown() returns besides the address of an arena.
const UNKNOWN_ARENA: usize = 0;
const NEW_ARENA: usize = 1;

/**
 * arena_get2 (§6.1): an arena from the free list, else a new one while the limit allows, else one in use. The order of
 * the list and the first free lock depend on races between threads; the witness may have evidence of the outcome.
 */
function arenaGet2(bytes: f64): Arena {
  const shown = m.hasWitness ? arenaShown() : UNKNOWN_ARENA;
  const isArena = shown > NEW_ARENA;
  const isOnList = isArena && isListed(changetype<Arena>(shown));
  // A thread that gets an arena from elsewhere found the list empty.
  const foundEmpty = shown !== UNKNOWN_ARENA && !isOnList && isPossibleWithoutList(shown);
  let free: Arena | null = null;
  if (isOnList) {
    free = changetype<Arena>(shown);
  } else if (!foundEmpty) {
    free = firstFree(m.thread);
  }
  if (free !== null) {
    if (isOnList && free !== m.freeArena) {
      reportPassedOver(free);
    }
    removeFree(free);
    free.attachedThreads = 1;
    return attach(free);
  }
  if (foundEmpty && m.freeArena !== null) {
    reportPassedOver(null);
  }
  if (isBelowLimit() && !(m.hasWitness && sharesMainArena())) {
    return attach(newArena(bytes));
  }
  return attach(reusedArena(isArena ? changetype<Arena | null>(shown) : null));
}

/** The newest arena on the free list that was already there when the thread attached; null: none was. */
function firstFree(thread: Thread): Arena | null {
  let av = firstListed();
  while (av !== null && detachesLater(thread, av.detachedBy)) {
    av = nextListed(av);
  }
  return av;
}

/** Tells the witness that the thread got the arena shown, and skipped those on the free list before `chosen`; null: all. */
function reportPassedOver(chosen: Arena | null): void {
  let count = 0;
  let av = firstListed();
  while (av !== null && av !== chosen) {
    count++;
    av = nextListed(av);
  }
  const list = allocate(max(count, 1) << 2);
  let at = list;
  av = firstListed();
  while (av !== null && av !== chosen) {
    store<usize>(at, changetype<usize>(av));
    at += 4;
    av = nextListed(av);
  }
  choseArena(list, count);
  release(list, max(count, 1) << 2);
}

/** True if a thread that found the free list empty can have got `shown`, an arena that is not on it. */
function isPossibleWithoutList(shown: usize): bool {
  return isBelowLimit() === (shown === NEW_ARENA);
}

/** True while a thread that finds the free list empty gets a new arena. */
function isBelowLimit(): bool {
  if (m.arenaLimit === 0) {
    if (par.arenaMax !== 0) {
      m.arenaLimit = par.arenaMax;
    } else if (isLimitedByCpus()) {
      m.arenaLimit = m.cpus === Infinity ? limitShown() : limitByCpus();
    }
  }
  return m.arenaLimit === 0 || <f64>m.arenaCount <= m.arenaLimit - 1;
}

/** True once there are so many arenas that glibc computes their limit from the CPUs (§6.1, trap T20). */
function isLimitedByCpus(): bool {
  const arenas = <f64>m.arenaCount;
  return profile.arenaLimit === LIMIT_EIGHT_PER_CPU
    ? arenas > par.arenaTest
    : arenas >= par.arenaTest;
}

function limitByCpus(): f64 {
  return profile.arenaLimit === LIMIT_EIGHT_PER_CPU ? 8 * m.cpus : Math.max(m.cpus, par.arenaTest);
}

/** The limit of 256 CPUs up to 2.43: bounds memory where neither CPUs nor pointers give one. */
const MAX_ARENAS: i32 = 2048;

/** The limit while CPUs are unknown: the one that the witness shows, 0 (none) until then (§12.9). */
function limitShown(): f64 {
  const arenas = m.arenaCount;
  if (arenas >= MAX_ARENAS) {
    return <f64>arenas;
  }
  // The limit is 8 per CPU, or 9 if the first check comes too late for 8; since 2.44 any number of CPUs.
  const isPossible = profile.arenaLimit === LIMIT_CPUS_OR_TEST || arenas % 8 === 0 || arenas === 9;
  return isPossible && m.hasWitness && sharesArena() ? <f64>arenas : 0;
}

function attach(av: Arena): Arena {
  const thread = m.thread;
  const before = thread.arena;
  if (before !== null) {
    before.attachedThreads--;
  }
  thread.arena = av;
  forgetDetachingLater(thread);
  if (thread.index >= 0) {
    addArenaUser(thread.index, av.id);
  }
  return av;
}

/**
 * reused_arena (§6.1): the first arena whose lock is free, searched from where the last search ended; if none is, the
 * one there. `shown`, unless null, is known to be that first arena. `avoid_arena` has no effect: glibc skips it only
 * while it is locked, and the retry has unlocked it.
 */
function reusedArena(shown: Arena | null): Arena {
  let av = m.nextToUse;
  if (shown !== null && shown !== av) {
    av = shown;
    choseArena(0, 0);
  }
  if (m.hasTrylock) {
    while (!trylock()) {
      av = av.next;
      if (av === m.nextToUse) {
        break;
      }
    }
  }
  m.nextToUse = av.next;
  if (profile.reusedLeavesFreeList) {
    removeFree(av);
  }
  av.attachedThreads++;
  return av;
}

/** True if `thread`, which has no arena, would now get one in use (§6.1). */
export function wouldReuseArena(thread: Thread | null): bool {
  const arenas = <f64>m.arenaCount;
  if (m.freeArena !== null) {
    if (thread === null || firstFree(thread) !== null) {
      return false;
    }
  }
  if (m.arenaLimit !== 0) {
    return arenas >= m.arenaLimit;
  }
  if (par.arenaMax !== 0) {
    return arenas >= par.arenaMax;
  }
  return m.cpus !== Infinity && isLimitedByCpus() && arenas >= limitByCpus();
}

/** _int_new_arena: a new arena in a new heap of heap_info, malloc_state, and top (§6.2). */
export function newArena(bytes: f64): Arena {
  const structs = profile.heapInfoBytes + profile.mallocStateBytes;
  const fixed = structs + GRANULE;
  let size = heapSizeFor(bytes + fixed, par.topPad, m.heapUnit);
  if (size === 0) {
    size = heapSizeFor(fixed, par.topPad, m.heapUnit);
  }
  const av = createArena();
  const heap = newHeap(ARENA, av, null, size);
  addSystemMem(av, size);
  writeRange(heap, 0, structs, EVERY_PLANE);
  startTop(av, heap, Math.ceil(structs / GRANULE), size / GRANULE);
  av.attachedThreads = 1;
  av.next = m.mainArena.next;
  m.mainArena.next = av;
  return av;
}

/** Makes granules from..to-1 of `heap` the arena's top, the first chunk of a new stretch. */
export function startTop(av: Arena, heap: Heap, from: f64, to: f64): void {
  const top = allocateChunk();
  const record = rec(top);
  record.size = <i32>(to - from);
  record.state = TOP;
  record.addr = <i32>from;
  record.heap = heap.id;
  record.prev = 0;
  record.next = 0;
  av.top = top;
  av.trimmedBytes = 0;
  addStretch(heap, top, <i32>from);
  writeWord(heap, <i32>from);
}

/**
 * Turns the old top into a chunk in use and a fencepost of two granules above it, or into a fencepost alone if no chunk
 * fits below (§3.8). Returns the chunk, which the caller frees; 0 if there is none.
 */
export function fenceOldTop(top: i32): i32 {
  const record = rec(top);
  const size = record.size;
  const heap = heapOf(top);
  record.state = FENCE;
  const below = size - 2;
  if (below < 2) {
    writeWord(heap, record.addr + size - 1);
    return 0;
  }
  const chunk = cutBelow(top, below);
  writeWord(heap, record.addr);
  writeWord(heap, record.addr + 1);
  return chunk;
}

/** arena_get and _int_malloc; if that fails, arena_get_retry and _int_malloc again (§3.1, §6.5). */
export function mallocFromArena(bytes: f64, nb: i32): i32 {
  const av = arenaGet(bytes);
  const c = intMalloc(av, nb);
  if (c !== 0 || !m.multiThreaded) {
    return c;
  }
  return intMalloc(arenaGetRetry(av, bytes), nb);
}

/** Returns the main arena for this call only; from the main arena, attaches the thread to another one (§6.5). */
export function arenaGetRetry(av: Arena, bytes: f64): Arena {
  return isMain(av) ? arenaGet2(bytes) : m.mainArena;
}

/** arena_thread_freeres (§6.4): the arena joins the free list when its last thread ends, before 2.23 when any does. */
export function detachArena(): void {
  const thread = m.thread;
  const av = thread.arena;
  if (av === null) {
    return;
  }
  thread.arena = null;
  av.attachedThreads--;
  if (profile.arenaRefcount && av.attachedThreads > 0) {
    return;
  }
  av.detachedBy = thread.index;
  pushFree(av);
}
