import type { Arena } from "./arena.ts";
import { unlink } from "./bins.ts";
import { ADDR, BK, FREE, GRANULE, HEAP, PREV, SIZE, STATE, STRIDE, TOP } from "./chunks.ts";
import { consolidate } from "./consolidate.ts";
import { HEAP_MAX, type Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { dropPages } from "./resident.ts";
import { BIN_COUNT, binIndex, UNSORTED } from "./size-classes.ts";
import { rememberTrim } from "./undo-trims.ts";

/** FASTBIN_CONSOLIDATION_THRESHOLD, 65536 bytes, in granules */
export const TRIM_GRANULES = 4096;
/** MINSIZE + 1: bytes that trimming leaves in top in addition to the pad */
const KEEP = 33;

/** Consolidates and trims after a merge to a chunk of 64 KiB or more (ptmalloc2.md §4.5). */
export function trimAfterFree(m: Ptmalloc, av: Arena, granules: number): void {
  if (granules < TRIM_GRANULES) {
    return;
  }
  if (av.haveFastchunks) {
    consolidate(m, av);
  }
  if (!av.main) {
    heapTrim(m, av);
  } else if (topBytes(m, av) >= m.par.trimThreshold) {
    const before = topBytes(m, av);
    systrim(m, m.par.topPad);
    av.noteTrim(before - topBytes(m, av), before);
  }
}

function topBytes(m: Ptmalloc, av: Arena): number {
  return m.chunks.words[av.top + SIZE]! * GRANULE;
}

/**
 * Bytes of a top of `top` bytes to return to the kernel, a multiple of `unit`. Since 2.19 the comparison is unsigned: a top of
 * exactly 32 bytes counts as huge, the result is negative, and the heap grows (found by fuzzing, §4.5).
 */
function extraOf(m: Ptmalloc, top: number, pad: number, unit: number): number {
  const area = top - KEEP;
  if (area <= pad && (area >= 0 || !m.profile.systrimUnsigned)) {
    return 0;
  }
  return Math.floor((area - pad) / unit) * unit;
}

/** systrim: lowers the break if the top ends there. */
function systrim(m: Ptmalloc, pad: number): void {
  const av = m.mainArena;
  const w = m.chunks.words;
  const { top } = av;
  if (top === 0 || w[top + HEAP] !== m.breakHeap.id) {
    return;
  }
  const extra = extraOf(m, w[top + SIZE]! * GRANULE, pad, m.thpBytes || m.pageBytes);
  if (extra === 0 || (w[top + ADDR]! + w[top + SIZE]!) * GRANULE !== m.brk) {
    return;
  }
  const { pageBytes, brk: before } = m;
  rememberTrim(m, Math.ceil((before - extra) / pageBytes));
  m.systemCalls.moveBreak();
  m.brk -= extra;
  m.breakHeap.size = m.brk;
  m.addSystemMem(av, -extra);
  w[top + SIZE]! -= extra / GRANULE;
  dropPages(m, m.breakHeap, Math.ceil(m.brk / pageBytes), Math.ceil(before / pageBytes));
}

/** heap_trim: unmaps heaps that consist of top, then shrinks the top of the remaining heap (§4.5). */
function heapTrim(m: Ptmalloc, av: Arena): void {
  const pad = m.par.topPad;
  while (deleteHeap(m, av, pad)) {}
  const w = m.chunks.words;
  const { top } = av;
  const heap = m.heapOf(top);
  const bytes = topBytes(m, av);
  const extra = heapExtra(m, bytes, pad);
  if (extra <= 0) {
    return;
  }
  const before = heap.size;
  // Up to 2.21 no threshold decides.
  const { heapTrim: rule } = m.profile;
  av.noteTrim(rule === "page" ? 0 : extra, rule === "extraThreshold" ? extra : bytes);
  m.systemCalls.madvise++;
  heap.size -= extra;
  m.addSystemMem(av, -extra);
  w[top + SIZE]! -= extra / GRANULE;
  dropPages(m, heap, heap.size / m.pageBytes, before / m.pageBytes);
}

/** Bytes to cut from a heap's top of `top` bytes; the rule changed in 2.22 and 2.23. */
function heapExtra(m: Ptmalloc, top: number, pad: number): number {
  const unit = m.heapUnit;
  switch (m.profile.heapTrim) {
    case "page": {
      const extra = Math.floor((top - pad - KEEP) / unit) * unit;
      return extra < unit ? 0 : extra;
    }
    case "extraThreshold": {
      const extra = extraOf(m, top, pad, unit);
      return extra < m.par.trimThreshold ? 0 : extra;
    }
    case "topThreshold":
      return top < m.par.trimThreshold ? 0 : extraOf(m, top, pad, unit);
  }
}

/** A step of heap_trim's loop: unmaps the newest heap if it consists of top and the previous heap has enough room. */
function deleteHeap(m: Ptmalloc, av: Arena, pad: number): boolean {
  const w = m.chunks.words;
  const { top } = av;
  const heap = m.heapOf(top);
  const { prev } = heap;
  if (prev === null || w[top + ADDR]! * GRANULE !== m.profile.heapInfoBytes) {
    return false;
  }
  const fence = prev.end;
  const below = w[fence + PREV]!;
  const belowFree = w[below + STATE] === FREE;
  const granules = w[fence + SIZE]! + (belowFree ? w[below + SIZE]! : 0);
  if (granules * GRANULE + (HEAP_MAX - prev.size) < pad + KEEP - 1 + m.heapUnit) {
    return false;
  }
  m.addSystemMem(av, -heap.size);
  dropPages(m, heap, 0, heap.pages.length);
  m.removeHeap(heap);
  m.chunks.release(top);
  if (belowFree) {
    unlink(m, below);
    m.chunks.absorbBelow(fence);
  }
  w[fence + STATE] = TOP;
  av.top = fence;
  av.trimmedBytes = 0;
  return true;
}

/** Called for each madvise of malloc_trim, with the pages of the heap that it drops: from..to-1. */
export type OnDropped = (heap: Heap, from: number, to: number) => void;

/**
 * malloc_trim(pad) (§7): drops whole pages within free chunks of every arena, and trims the top of the main arena.
 */
export function mallocTrim(m: Ptmalloc, pad: number, onDropped: OnDropped | null = null): void {
  // bin_index of a page: chunks in lower bins have no whole page between their link words and their end.
  const firstPageBin = binIndex(m.pageBytes / GRANULE);
  let av = m.mainArena;
  do {
    if (av.top !== 0) {
      if (m.profile.fastbins) {
        consolidate(m, av);
      }
      dropBin(m, av, UNSORTED, onDropped);
      for (let index = firstPageBin; index < BIN_COUNT; index++) {
        dropBin(m, av, index, onDropped);
      }
    }
    av = av.next;
  } while (av !== m.mainArena);
  systrim(m, pad);
  m.mainArena.trimmedBytes = 0;
}

/** sizeof(malloc_chunk): the words at a free chunk's start, which must stay */
const CHUNK_STRUCT_GRANULES = 3;

function dropBin(m: Ptmalloc, av: Arena, index: number, onDropped: OnDropped | null): void {
  const w = m.chunks.words;
  const bin = av.bins + index * STRIDE;
  for (let c = w[bin + BK]!; c !== bin; c = w[c + BK]!) {
    const { from, to } = droppablePages(m, c);
    if (to > from) {
      m.systemCalls.madvise++;
      onDropped?.(m.heapOf(c), from, to);
      dropPages(m, m.heapOf(c), from, to);
    }
  }
}

/** The pages of its heap that malloc_trim drops within free chunk `c`: from..to-1; none if `to` is not above `from`. */
export function droppablePages(m: Ptmalloc, c: number): { from: number; to: number } {
  const w = m.chunks.words;
  const addr = w[c + ADDR]!;
  const from = Math.ceil((addr + CHUNK_STRUCT_GRANULES) / (1 << m.pageShift));
  return { from, to: (addr + w[c + SIZE]!) >> m.pageShift };
}
