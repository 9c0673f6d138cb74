import { addSystemMem } from "./arena";
import { startTop } from "./arenas";
import {
  allocateChunk,
  bytesIn,
  GRANULE,
  growBy,
  MIN_GRANULES,
  rec,
  roundUp,
  UNLOGGED,
} from "./chunks";
import { findLowest } from "./find-chunk";
import { ARENA, BREAK, endOfHeap, extendHeap, HEAP_MAX, HEAP_MIN, Heap, pageUp } from "./heap";
import { dropAllPlanes } from "./heap-pages";
import { m, par } from "./model";
import { writeHeader } from "./resident";
import { BREAK_LIMIT } from "./size-classes";
import { breakGrowth } from "./sysmalloc";
import { moveBreak } from "./system-calls";
import { markUnlogged } from "./unlogged";

/**
 * Extends a heap to where a log's pointers lie (ptmalloc2.md §12): up to blocks above its top, and for the break area,
 * whose start may be unknown, down to blocks below its first chunk.
 */

/** True if granule `addr` lies among the heap's chunks or within `granules` of them. */
export function isNearChunks(heap: Heap, addr: f64, granules: f64): bool {
  const end = endOfHeap(heap);
  if (end === 0) {
    return true;
  }
  const above = <f64>rec(end).addr + <f64>rec(end).size;
  if (addr >= above) {
    return addr < above + granules;
  }
  // Below the first chunk of a heap of another arena are heap_info and malloc_state only.
  if (heap.kind === ARENA && granules * GRANULE >= HEAP_MIN) {
    return true;
  }
  const lowest = findLowest(heap, <i32>addr);
  return lowest === 0 || addr >= <f64>rec(lowest).addr - granules;
}

/**
 * Starts the break area's chunks at granule `addr`, for a process whose initial break is unknown. False if there are
 * chunks already.
 */
export function startBreakAt(addr: i32): bool {
  const top = m.mainArena.top;
  const area = m.breakHeap;
  if (top !== 0 && (rec(top).heap !== area.id || rec(top).prev !== 0 || area.stretchCount > 1)) {
    return false;
  }
  dropAllPlanes(area, 0, area.pageEnd);
  const inPage = addr & ((1 << m.pageShift) - 1);
  m.brk += bytesIn(addr - inPage);
  area.size = m.brk;
  area.firstPage = addr >> m.pageShift;
  if (top !== 0) {
    rec(top).addr += addr;
    rec(top).size -= inPage;
    writeHeader(top);
  }
  return true;
}

/** Extends the heap's newest stretch of chunks to contain granules addr..end-1. False if that is impossible. */
export function extendTo(heap: Heap, addr: i32, end: i32): bool {
  const av = heap.arena;
  if (av.top === 0) {
    const from = Math.ceil(m.brk / GRANULE);
    if (heap !== m.breakHeap || <f64>addr < from) {
      return false;
    }
    const size = pageUp(m.brk) - m.brk;
    m.brk += size;
    addSystemMem(av, size);
    heap.size = m.brk;
    startTop(av, heap, from, m.brk / GRANULE);
  }
  const top = rec(av.top);
  if (top.heap === heap.id) {
    const need = <i64>end + MIN_GRANULES - (<i64>top.addr + <i64>top.size);
    if (need > 0 && !growTop(heap, <f64>need * GRANULE)) {
      return false;
    }
  }
  const lowest = findLowest(heap, addr);
  if (lowest !== 0) {
    extendDown(heap, lowest, addr);
  }
  return true;
}

/** Grows the heap's top by at least `bytes`, by the amount sysmalloc would choose (§3.8). False if it cannot grow. */
function growTop(heap: Heap, bytes: f64): bool {
  const av = heap.arena;
  const top = rec(av.top);
  const isBreak = heap.kind === BREAK;
  const size = isBreak ? breakGrowth(bytes + par.topPad) : roundUp(bytes, m.heapUnit);
  if (isBreak) {
    if (m.brk !== (<f64>top.addr + <f64>top.size) * GRANULE || m.brk + size > BREAK_LIMIT) {
      return false;
    }
    moveBreak();
    m.brk += size;
    heap.size = m.brk;
  } else if (heap.kind === ARENA) {
    if (heap.size + size > HEAP_MAX) {
      return false;
    }
    extendHeap(heap, size);
  } else {
    return false;
  }
  addSystemMem(av, size);
  growBy(av.top, size);
  return true;
}

/** Adds an UNLOGGED chunk from `addr` up to `lowest`; only in the break area, since other heaps have a known start. */
function extendDown(heap: Heap, lowest: i32, addr: i32): void {
  if (heap.kind !== BREAK) {
    return;
  }
  const c = allocateChunk();
  const record = rec(c);
  const granules = rec(lowest).addr - addr;
  record.size = granules;
  record.state = UNLOGGED;
  record.addr = addr;
  record.heap = heap.id;
  record.prev = 0;
  record.next = lowest;
  rec(lowest).prev = c;
  heap.firstPage = min(heap.firstPage, addr >> m.pageShift);
  addSystemMem(heap.arena, bytesIn(granules));
  markUnlogged(c);
}
