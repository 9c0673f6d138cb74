import { startTop } from "./arenas.ts";
import {
  ADDR,
  GRANULE,
  HEAP,
  MIN_GRANULES,
  NEXT,
  PREV,
  roundUp,
  SIZE,
  STATE,
  UNLOGGED,
} from "./chunks.ts";
import { findLowest } from "./find-chunk.ts";
import { HEAP_MAX, HEAP_MIN, type Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { writeHeader } from "./resident.ts";
import { BREAK_LIMIT } from "./size-classes.ts";
import { breakGrowth } from "./sysmalloc.ts";
import { markUnlogged } from "./unlogged.ts";

/**
 * Extends a heap to where a log's pointers lie (ptmalloc2.md §12): up to blocks above its top, and for the break area,
 * whose start may be unknown, down to blocks below its first chunk.
 */

/** True if granule `addr` lies among the heap's chunks or within `granules` of them. */
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
  // Below the first chunk of a heap of another arena are heap_info and malloc_state only.
  if (heap.kind === "arena" && granules * GRANULE >= HEAP_MIN) {
    return true;
  }
  const lowest = findLowest(m, heap, addr);
  return lowest === 0 || addr >= w[lowest + ADDR]! - granules;
}

/**
 * Starts the break area's chunks at granule `addr`, for a process whose initial break is unknown. False if there are
 * chunks already.
 */
export function startBreakAt(m: Ptmalloc, addr: number): boolean {
  const { top } = m.mainArena;
  const w = m.chunks.words;
  const area = m.breakHeap;
  if (top !== 0 && (w[top + HEAP] !== area.id || w[top + PREV] !== 0 || area.ends.length > 1)) {
    return false;
  }
  area.pages.drop(0, area.pages.length, m.resident);
  const inPage = addr % (m.pageBytes / GRANULE);
  m.brk += (addr - inPage) * GRANULE;
  area.size = m.brk;
  area.firstPage = addr >> m.pageShift;
  if (top !== 0) {
    w[top + ADDR]! += addr;
    w[top + SIZE]! -= inPage;
    writeHeader(m, top);
  }
  return true;
}

/** Extends the heap's newest stretch of chunks to contain granules addr..end-1. False if that is impossible. */
export function extendTo(m: Ptmalloc, heap: Heap, addr: number, end: number): boolean {
  const av = heap.arena;
  if (av.top === 0) {
    const from = Math.ceil(m.brk / GRANULE);
    if (heap !== m.breakHeap || addr < from) {
      return false;
    }
    const size = m.pageUp(m.brk) - m.brk;
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

/** Grows the heap's top by at least `bytes`, by the amount sysmalloc would choose (§3.8). False if it cannot grow. */
function growTop(m: Ptmalloc, heap: Heap, bytes: number): boolean {
  const av = heap.arena;
  const w = m.chunks.words;
  const size =
    heap.kind === "break" ? breakGrowth(m, bytes + m.par.topPad) : roundUp(bytes, m.heapUnit);
  switch (heap.kind) {
    case "break":
      if (m.brk !== (w[av.top + ADDR]! + w[av.top + SIZE]!) * GRANULE) {
        return false;
      }
      if (m.brk + size > BREAK_LIMIT) {
        return false;
      }
      m.systemCalls.moveBreak();
      m.brk += size;
      heap.size = m.brk;
      break;
    case "arena":
      if (heap.size + size > HEAP_MAX) {
        return false;
      }
      m.extendHeap(heap, size);
      break;
    case "fallback":
      return false;
    default:
      heap.kind satisfies never;
  }
  m.addSystemMem(av, size);
  w[av.top + SIZE]! += size / GRANULE;
  return true;
}

/** Adds an UNLOGGED chunk from `addr` up to `lowest`; only in the break area, since other heaps have a known start. */
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
  heap.firstPage = Math.min(heap.firstPage, addr >> m.pageShift);
  m.addSystemMem(heap.arena, granules * GRANULE);
  markUnlogged(m, c);
}
