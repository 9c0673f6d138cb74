import { startTop } from "./arenas.ts";
import {
  ADDR,
  GRANULE,
  HEAP,
  MIN_GRANULES,
  NEXT,
  PAGE_GRANULES,
  PAGE_SHIFT,
  PREV,
  pageUp,
  SIZE,
  STATE,
  UNLOGGED,
} from "./chunks.ts";
import { findLowest } from "./find-chunk.ts";
import { HEAP_MAX, HEAP_MIN, type Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { dropPages, writeHeader } from "./resident.ts";
import { BREAK_LIMIT } from "./sysmalloc.ts";
import { becomeUnlogged } from "./unlogged.ts";

/**
 * How far a heap reaches, as a log's pointers show it (ptmalloc2.md §12): up to blocks that lie beyond its top, and, of
 * the break area, down to where nobody knows that it began.
 */

/** True if granule `addr` lies in what is known of the heap, or within `granules` of that. */
export function isNearChunks(m: Ptmalloc, heap: Heap, addr: number, granules: number): boolean {
  const w = m.chunks.words;
  const { end } = heap;
  if (end === 0) {
    return true;
  }
  const above = w[end + ADDR]! + w[end + SIZE]!;
  if (addr >= above) {
    return addr < above + granules;
  }
  // Below the first chunk of another arena's heap are that heap's and the arena's own structures only.
  if (heap.kind === "arena" && granules * GRANULE >= HEAP_MIN) {
    return true;
  }
  const lowest = findLowest(m, heap, addr);
  return lowest === 0 || addr >= w[lowest + ADDR]! - granules;
}

/**
 * The lowest chunk that is known of lies at granule `addr` of the break area: where the process's break began, nobody
 * knows. False if chunks lie in it already.
 */
export function startBreakAt(m: Ptmalloc, addr: number): boolean {
  const { top } = m.mainArena;
  const w = m.chunks.words;
  const area = m.breakHeap;
  if (top !== 0 && (w[top + HEAP] !== area.id || w[top + PREV] !== 0 || area.ends.length > 1)) {
    return false;
  }
  dropPages(m, area, 0, area.pages.length);
  const inPage = addr % PAGE_GRANULES;
  m.brk += (addr - inPage) * GRANULE;
  area.size = m.brk;
  area.firstPage = addr >> PAGE_SHIFT;
  if (top !== 0) {
    w[top + ADDR]! += addr;
    w[top + SIZE]! -= inPage;
    writeHeader(m, top);
  }
  return true;
}

/** Sees to it that granules addr..end-1 are chunks of the heap's newest stretch, or lie above its first chunk. */
export function reach(m: Ptmalloc, heap: Heap, addr: number, end: number): boolean {
  const av = heap.arena;
  if (av.top === 0) {
    const from = Math.ceil(m.brk / GRANULE);
    if (heap !== m.breakHeap || addr < from) {
      return false;
    }
    const size = pageUp(m.brk) - m.brk;
    m.brk += size;
    m.addSystemMem(av, size);
    heap.size = m.brk;
    startTop(m, av, heap, from, m.brk / GRANULE);
  }
  const w = m.chunks.words;
  if (w[av.top + HEAP] === heap.id) {
    const need = end + MIN_GRANULES - (w[av.top + ADDR]! + w[av.top + SIZE]!);
    if (need > 0 && !growTop(m, heap, need * GRANULE)) {
      return false;
    }
  }
  const lowest = findLowest(m, heap, addr);
  if (lowest !== 0) {
    extendDown(m, heap, lowest, addr);
  }
  return true;
}

/** The heap's top grows by `bytes` or more, as sysmalloc would have it grow (§3.8). */
function growTop(m: Ptmalloc, heap: Heap, bytes: number): boolean {
  const av = heap.arena;
  const w = m.chunks.words;
  const isBreak = heap.kind === "break";
  const size = pageUp(isBreak ? bytes + m.par.topPad : bytes);
  if (isBreak) {
    if (m.brk !== (w[av.top + ADDR]! + w[av.top + SIZE]!) * GRANULE) {
      return false;
    }
    if (m.brk + size > BREAK_LIMIT) {
      return false;
    }
    m.brk += size;
    heap.size = m.brk;
  } else {
    if (heap.kind !== "arena" || heap.size + size > HEAP_MAX) {
      return false;
    }
    heap.size += size;
    heap.mprotectSize = Math.max(heap.mprotectSize, heap.size);
  }
  m.addSystemMem(av, size);
  w[av.top + SIZE]! += size / GRANULE;
  return true;
}

/** Only of the break area is it not known where it began. */
function extendDown(m: Ptmalloc, heap: Heap, lowest: number, addr: number): void {
  if (heap.kind !== "break") {
    return;
  }
  const c = m.chunks.allocate();
  const w = m.chunks.words;
  const granules = w[lowest + ADDR]! - addr;
  w[c + SIZE] = granules;
  w[c + STATE] = UNLOGGED;
  w[c + ADDR] = addr;
  w[c + HEAP] = heap.id;
  w[c + PREV] = 0;
  w[c + NEXT] = lowest;
  w[lowest + PREV] = c;
  heap.firstPage = Math.min(heap.firstPage, addr >> PAGE_SHIFT);
  m.addSystemMem(heap.arena, granules * GRANULE);
  becomeUnlogged(m, c);
}
