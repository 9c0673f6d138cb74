import { Arena, createArena } from "./arena";
import { newArena as createArenaWithHeap, mallocFromArena, wouldReuseArena } from "./arenas";
import { callocChunk } from "./calloc";
import { MAPPED, rec } from "./chunks";
import { consolidate } from "./consolidate";
import { isNearChunks as isNear, startBreakAt as startBreak } from "./extent";
import { findChunk as find } from "./find-chunk";
import { freeChunk } from "./free";
import { BREAK, Heap, newHeap, pageUp } from "./heap";
import { addPages as addPagesOf, dropAllPlanes } from "./heap-pages";
import { applyMallopt } from "./host";
import { advanceMapped as advance, Mapping, pagesOfMapping as pagesOf } from "./mapping";
import { memalignChunk } from "./memalign";
import { m, par, profile } from "./model";
import {
  useArena as attachTo,
  placeChunk as place,
  startUnlogged as startAt,
  undoAllocation as undo,
  undoTcacheStruct as undoStruct,
} from "./place";
import { TCACHE_EAGER, TCACHE_SMALL } from "./profile";
import { reallocChunk, shortcutApplies, usableBytes as usable } from "./realloc";
import { regainTop as regain } from "./regain-top";
import { noteRequest as note } from "./requests";
import { addResident as addPagesTo, EVERY_PLANE, residentIn } from "./resident";
import { granulesFor } from "./size-classes";
import { mapChunk as map } from "./sysmalloc";
import { maybeInitTcache, tcacheTake } from "./tcache";
import { enterEndedThread, enterThread, initThreads, setDetachingLater, threadAt } from "./thread";
import { exitThread as exit } from "./thread-exit";
import { trimAfterFree as trimAfter, trimAll } from "./trim";
import { forgetTrims as forget, undoTrims } from "./undo-trims";
import { cutUnlogged as cut, freeUnlogged as freeOutside } from "./unlogged";
import { learn as learnBytes, perturb, writeChunk } from "./writes";

export { allocate, release } from "../../wasm/core/store";

/**
 * The public calls of the allocator of a process (ptmalloc.ts of the facade describes them). Arenas and heaps are given by
 * their addresses, chunks as chunks.ts says.
 */

/**
 * Begins a process; the facade has cleared the singletons, and written `profile`, `par` and the fields of `m` that do not
 * change.
 */
export function init(initialBreak: f64): void {
  m.heapBelowArea = -1;
  initThreads();
  const main = createArena();
  m.mainArena = main;
  m.nextToUse = main;
  m.brk = initialBreak;
  m.breakHeap = newHeap(BREAK, main, null, initialBreak);
  updateLimits();
}

/** To be called after a change of `par`. */
export function updateLimits(): void {
  m.maxFastGranules = <i32>Math.floor(par.maxFast / 16);
  m.tcacheMaxGranules = <i32>Math.floor(par.tcacheMaxChunk / 16);
  m.stashMaxGranules = <i32>Math.floor(par.stashMaxChunk / 16);
}

export function enter(index: i32): void {
  enterThread(index);
}

export function enterEnded(index: i32): void {
  enterEndedThread(index);
}

/** True if the next call of thread `index` may have to share an arena with others. */
export function mayReuseArena(index: i32): bool {
  const thread = threadAt(index);
  if (!m.hasMain || (thread !== null && thread.arena !== null)) {
    return false;
  }
  return wouldReuseArena(thread);
}

export function malloc(bytes: f64): i32 {
  m.initialHookDone = true;
  const nb = granulesFor(bytes);
  maybeInitTcache(nb);
  let c = tcacheTake(nb);
  if (c === 0) {
    c = mallocFromArena(bytes, nb);
    if (c !== 0) {
      perturb(c, bytes);
    }
  }
  countHeld(c);
  return c;
}

export function calloc(bytes: f64): i32 {
  if (!m.initialHookDone && profile.initialHook) {
    return firstCalloc(bytes);
  }
  const nb = granulesFor(bytes);
  maybeInitTcache(nb);
  const c = callocChunk(bytes, nb);
  countHeld(c);
  return c;
}

/** calloc by the initial hook: malloc, and all bytes are cleared, even new ones from the kernel (§5.2). */
function firstCalloc(bytes: f64): i32 {
  const c = malloc(bytes);
  if (c !== 0) {
    writeChunk(c, 0, bytes, EVERY_PLANE);
  }
  return c;
}

/**
 * realloc of a block, which never frees it: glibc's realloc to 0 bytes is a free. Returns its chunk; 0 for NULL, with `c`
 * still valid.
 */
export function realloc(c: i32, bytes: f64): i32 {
  m.initialHookDone = true;
  if (shortcutApplies(c, bytes)) {
    return c;
  }
  const nb = granulesFor(bytes);
  if (profile.tcache === TCACHE_EAGER && rec(c).state !== MAPPED) {
    maybeInitTcache(nb);
  }
  return reallocChunk(c, bytes, nb);
}

/** memalign, aligned_alloc, posix_memalign; the alignment is rounded up to a power of two. */
export function memalign(alignment: f64, bytes: f64): i32 {
  if (alignment <= 16) {
    return malloc(bytes);
  }
  let align: f64 = 32;
  while (align < alignment) {
    align *= 2;
  }
  const nb = granulesFor(bytes);
  if (profile.tcache === TCACHE_SMALL) {
    maybeInitTcache(nb);
  }
  const c = memalignChunk(align, bytes, nb);
  countHeld(c);
  return c;
}

export function valloc(bytes: f64): i32 {
  const arena = m.thread.arena;
  if (profile.vallocConsolidates && arena !== null && arena.haveFastchunks) {
    consolidate(arena);
  }
  return memalign(m.pageBytes, bytes);
}

export function pvalloc(bytes: f64): i32 {
  return valloc(pageUp(bytes));
}

export function free(c: i32): void {
  freeChunk(c);
}

/** Counts a chunk that the program now holds; mappings have counters of their own. */
function countHeld(c: i32): void {
  if (rec(c).state !== MAPPED) {
    m.inUseGranules += rec(c).size;
  }
}

/** malloc_trim(pad). Returns the SMALLEST_PAGEs that RSS falls by, under the touch policy. */
export function mallocTrim(pad: f64): f64 {
  const before = residentIn(0);
  trimAll(pad);
  return before - residentIn(0);
}

/** mallopt(parameter, value), which consolidates the main arena's fastbins first (§8). */
export function mallopt(parameter: f64, value: f64): void {
  if (profile.fastbins && m.mainArena.top !== 0) {
    consolidate(m.mainArena);
  }
  applyMallopt(parameter, value);
  updateLimits();
}

/** Thread `index` attaches to its first arena before the `count` threads at `others` detach from theirs. */
export function attachesBefore(index: i32, others: usize, count: i32): void {
  enterThread(index);
  if (m.thread.arena === null) {
    setDetachingLater(m.thread, others, count);
  }
}

export function exitThread(): void {
  exit();
}

/** sbrk(bytes) by the program. It came before the latest `trims` trims of the main heap, which are undone. */
export function foreignSbrk(bytes: f64, trims: i32): void {
  if (trims > 0) {
    undoTrims(trims);
  }
  m.brk += bytes;
  m.calledSbrk = true;
  m.knowsBreak = true;
}

export function write(c: i32, from: f64, to: f64, planes: u32): void {
  writeChunk(c, from, to, planes);
}

export function learn(
  c: i32,
  written: usize,
  writtenCount: i32,
  absent: usize,
  absentCount: i32,
): void {
  learnBytes(c, written, writtenCount, absent, absentCount);
}

export function addResident(planes: u32, pages: i32): void {
  addPagesTo(planes, pages);
}

// What a log's pointers force (§12), and parts of calls that the facade makes alone.

export function advanceMapped(c: i32, granules: i32): void {
  advance(c, granules);
}

export function usableBytes(c: i32): f64 {
  return usable(c);
}

export function noteRequest(c: i32, bytes: f64): void {
  note(c, bytes);
}

export function mapChunk(nb: i32): i32 {
  return map(nb);
}

/** Resident pages of a mapping in the plane with this bit number. */
export function pagesOfMapping(mapping: usize, bit: i32): f64 {
  return pagesOf(changetype<Mapping>(mapping), bit);
}

/** Adds pages from..to-1 of a heap to `planes`. */
export function addPages(heap: usize, from: i32, to: i32, planes: u32): void {
  addPagesOf(changetype<Heap>(heap), from, to, planes);
}

/** Takes pages from..to-1 of a heap out of all planes. */
export function dropPages(heap: usize, from: i32, to: i32): void {
  dropAllPlanes(changetype<Heap>(heap), from, to);
}

/** Returns the address of the new arena. */
export function newArena(bytes: f64): usize {
  return changetype<usize>(createArenaWithHeap(bytes));
}

export function trimAfterFree(arena: usize, granules: i32): void {
  trimAfter(changetype<Arena>(arena), granules);
}

export function forgetTrims(): void {
  forget();
}

export function regainTop(arena: usize): void {
  regain(changetype<Arena>(arena));
}

export function findChunk(heap: usize, addr: i32): i32 {
  return find(changetype<Heap>(heap), addr);
}

export function isNearChunks(heap: usize, addr: f64, granules: f64): bool {
  return isNear(changetype<Heap>(heap), addr, granules);
}

export function startBreakAt(addr: i32): bool {
  return startBreak(addr);
}

export function undoAllocation(c: i32): void {
  undo(c);
}

export function undoTcacheStruct(): void {
  undoStruct();
}

export function placeChunk(heap: usize, addr: i32, nb: i32): i32 {
  return place(changetype<Heap>(heap), addr, nb);
}

export function startUnlogged(heap: usize, addr: i32): i32 {
  return startAt(changetype<Heap>(heap), addr);
}

export function useArena(arena: usize): void {
  attachTo(changetype<Arena>(arena));
}

export function cutUnlogged(heap: usize, addr: i32): i32 {
  return cut(changetype<Heap>(heap), addr);
}

export function freeUnlogged(c: i32): void {
  freeOutside(c);
}
