import { allocate, enlarge } from "../../wasm/core/store";
import { Arena } from "./arena";
import { dropHints } from "./chunk-hints";
import { rec, roundUp } from "./chunks";
import { m } from "./model";
import { reserveHeap, unmapHeap } from "./system-calls";

/** HEAP_MAX_SIZE: 64 MiB */
export const HEAP_MAX: f64 = 67108864;
/** HEAP_MIN_SIZE */
export const HEAP_MIN: f64 = 32768;

// Heap.kind
export const BREAK: i32 = 0;
export const ARENA: i32 = 1;
export const FALLBACK: i32 = 2;

/**
 * Address space for chunks: the break area of the main arena, a 64 MiB heap of another arena (heap_info, ptmalloc2.md
 * §2.4), or a region mapped because the break did not move (§3.8.1).
 */
@unmanaged
export class Heap {
  /** bytes in use from the heap's start; for the break area the break itself */
  size: f64;
  /** bytes ever made read/write; calloc may skip clearing beyond them (§5.2) */
  mprotectSize: f64;
  /** address of its start in the log; NaN while that is unknown (guided.ts) */
  base: f64;
  /** index in the table of heaps; reused after the heap is unmapped */
  id: i32;
  /** number in order of creation; never reused */
  serial: i32;
  /** BREAK, ARENA or FALLBACK */
  kind: i32;
  arena: Arena;
  /** the arena's previous heap */
  prev: Heap | null;
  /** the next mapped heap of the arena in order of creation; of an unmapped heap, the one unmapped before */
  newer: Heap | null;
  /** false once it is unmapped: its id is free */
  isMapped: bool;
  /**
   * Address of the heap's start in granules, modulo 4 GiB. An alignment above a page (§5.3) and THP units (§10.6) depend on it. The
   * kernel chooses it; the caller sets it as soon as it is known. 0 until then: heaps of other arenas lie at multiples
   * of 64 MiB.
   */
  start: i32;
  /** page of the first known chunk if the initial break is unknown (extent.ts); else 0 */
  firstPage: i32;
  /** a record that was the lowest at some time; 0: unknown */
  lowest: i32;
  /** table of stretches of chunks, newest last, their number, and room */
  stretches: usize;
  stretchCount: i32;
  stretchRoom: i32;
  /** resident planes by page (heap-pages.ts): table of leaves, their number, and room */
  leaves: usize;
  leafCount: i32;
  leafRoom: i32;
  /** pages from this one on are in no plane */
  pageEnd: i32;
  /** where to search for a chunk (chunk-hints.ts) */
  hints: usize;
  hintRoom: i32;
}

/** A stretch of chunks without gaps. */
@unmanaged
export class Stretch {
  /** its topmost record: top or a fencepost */
  end: i32;
  /** granule where it began; chunks may have been added below the first one (extent.ts) */
  start: i32;
}

export function heapAt(id: i32): Heap {
  return changetype<Heap>(load<usize>(m.heaps + ((<usize>id) << 2)));
}

export function heapOf(c: i32): Heap {
  return heapAt(rec(c).heap);
}

export function stretchAt(heap: Heap, i: i32): Stretch {
  return changetype<Stretch>(heap.stretches + ((<usize>i) << 3));
}

export function addStretch(heap: Heap, end: i32, start: i32): void {
  if (heap.stretchCount === heap.stretchRoom) {
    heap.stretchRoom = max(heap.stretchRoom << 1, 2);
    heap.stretches = enlarge(heap.stretches, (<usize>heap.stretchRoom) << 2);
  }
  const stretch = stretchAt(heap, heap.stretchCount++);
  stretch.end = end;
  stretch.start = start;
}

/** The topmost record of the newest stretch; 0: no stretch. */
export function endOfHeap(heap: Heap): i32 {
  return heap.stretchCount === 0 ? 0 : stretchAt(heap, heap.stretchCount - 1).end;
}

export function newHeap(kind: i32, av: Arena, prev: Heap | null, size: f64): Heap {
  const heap = unusedHeap();
  heap.serial = m.heapSerials++;
  heap.kind = kind;
  heap.arena = av;
  heap.prev = prev;
  heap.newer = null;
  heap.isMapped = true;
  heap.size = size;
  heap.mprotectSize = size;
  heap.start = 0;
  heap.base = NaN;
  heap.firstPage = 0;
  heap.lowest = 0;
  heap.stretchCount = 0;
  const newest = av.newestHeap;
  if (newest === null) {
    av.oldestHeap = heap;
  } else {
    newest.newer = heap;
  }
  av.newestHeap = heap;
  if (kind === ARENA) {
    reserveHeap(heap.serial);
  }
  return heap;
}

/** A heap that was unmapped, or a new one with the next id. */
function unusedHeap(): Heap {
  const free = m.freeHeap;
  if (free !== null) {
    m.freeHeap = free.newer;
    return free;
  }
  if (m.heapCount === m.heapRoom) {
    m.heapRoom = max(m.heapRoom << 1, 8);
    m.heaps = enlarge(m.heaps, (<usize>m.heapRoom) << 1);
  }
  const heap = changetype<Heap>(allocate(offsetof<Heap>()));
  heap.id = m.heapCount++;
  store<usize>(m.heaps + ((<usize>heap.id) << 2), changetype<usize>(heap));
  return heap;
}

/** Unmaps a heap, whose pages have been dropped. */
export function removeHeap(heap: Heap): void {
  unmapHeap(heap.serial);
  const av = heap.arena;
  let before: Heap | null = null;
  let at = av.oldestHeap;
  while (at !== null && at !== heap) {
    before = at;
    at = at.newer;
  }
  if (before === null) {
    av.oldestHeap = heap.newer;
  } else {
    before.newer = heap.newer;
  }
  if (av.newestHeap === heap) {
    av.newestHeap = before;
  }
  dropHints(heap);
  heap.isMapped = false;
  heap.newer = m.freeHeap;
  m.freeHeap = heap;
}

/** Makes `bytes` more of a heap of another arena accessible (grow_heap). */
export function extendHeap(heap: Heap, bytes: f64): void {
  heap.size += bytes;
  if (heap.size > heap.mprotectSize) {
    heap.mprotectSize = heap.size;
    m.mprotectCalls++;
  }
}

/** Granule of the block of chunk `c`, not mapped, counted from a multiple of any alignment if its heap's start is known. */
export function alignableBlock(c: i32): i64 {
  return <i64>heapOf(c).start + <i64>rec(c).addr + 1;
}

/** `bytes` rounded up to whole pages */
export function pageUp(bytes: f64): f64 {
  return roundUp(bytes, m.pageBytes);
}

/**
 * new_heap's rounding (§6.3): bytes of a heap for `size` bytes and `pad`, a multiple of `unit`; 0 if `size` is above
 * HEAP_MAX.
 */
export function heapSizeFor(size: f64, pad: f64, unit: f64): f64 {
  let bytes: f64 = HEAP_MAX;
  if (size + pad < HEAP_MIN) {
    bytes = HEAP_MIN;
  } else if (size + pad <= HEAP_MAX) {
    bytes = size + pad;
  } else if (size > HEAP_MAX) {
    return 0;
  }
  return roundUp(bytes, unit);
}
