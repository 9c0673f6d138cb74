import { Arena, addSystemMem, isMain, noteTrim } from "./arena";
import { unlink } from "./bins";
import { absorbBelow, bytesIn, FREE, growBy, rec, releaseChunk, STRIDE, TOP } from "./chunks";
import { consolidate } from "./consolidate";
import { endOfHeap, HEAP_MAX, heapOf, removeHeap } from "./heap";
import { dropped } from "./host";
import { m, par, profile } from "./model";
import { TRIM_EXTRA_THRESHOLD, TRIM_PAGE } from "./profile";
import { dropPages } from "./resident";
import { BIN_COUNT, binIndex, UNSORTED } from "./size-classes";
import { moveBreak } from "./system-calls";
import { rememberTrim } from "./undo-trims";

/** FASTBIN_CONSOLIDATION_THRESHOLD, 65536 bytes, in granules */
const TRIM_GRANULES: i32 = 4096;
/** MINSIZE + 1: bytes that trimming leaves in top in addition to the pad */
const KEEP: f64 = 33;

/** Consolidates and trims after a merge to a chunk of 64 KiB or more (ptmalloc2.md §4.5). */
export function trimAfterFree(av: Arena, granules: i32): void {
  if (granules < TRIM_GRANULES) {
    return;
  }
  if (av.haveFastchunks) {
    consolidate(av);
  }
  if (!isMain(av)) {
    heapTrim(av);
  } else if (topBytes(av) >= par.trimThreshold) {
    const before = topBytes(av);
    systrim(par.topPad);
    noteTrim(av, before - topBytes(av), before);
  }
}

function topBytes(av: Arena): f64 {
  return bytesIn(rec(av.top).size);
}

/**
 * Bytes of a top of `top` bytes to return to the kernel, a multiple of `unit`. Since 2.19 the comparison is unsigned: a top of
 * exactly 32 bytes counts as huge, the result is negative, and the heap grows (found by fuzzing, §4.5).
 */
function extraOf(top: f64, pad: f64, unit: f64): f64 {
  const area = top - KEEP;
  if (area <= pad && (area >= 0 || !profile.systrimUnsigned)) {
    return 0;
  }
  return Math.floor((area - pad) / unit) * unit;
}

/** systrim: lowers the break if the top ends there. */
function systrim(pad: f64): void {
  const av = m.mainArena;
  const top = av.top;
  if (top === 0 || rec(top).heap !== m.breakHeap.id) {
    return;
  }
  const extra = extraOf(topBytes(av), pad, m.thpBytes !== 0 ? m.thpBytes : m.pageBytes);
  if (extra === 0 || bytesIn(rec(top).addr) + topBytes(av) !== m.brk) {
    return;
  }
  const before = m.brk;
  rememberTrim(<i32>Math.ceil((before - extra) / m.pageBytes));
  moveBreak();
  m.brk -= extra;
  m.breakHeap.size = m.brk;
  addSystemMem(av, -extra);
  growBy(top, -extra);
  const from = <i32>Math.ceil(m.brk / m.pageBytes);
  dropPages(m.breakHeap, from, <i32>Math.ceil(before / m.pageBytes));
}

/** heap_trim: unmaps heaps that consist of top, then shrinks the top of the remaining heap (§4.5). */
function heapTrim(av: Arena): void {
  const pad = par.topPad;
  while (deleteHeap(av, pad)) {
    // Each step unmaps a heap.
  }
  const top = av.top;
  const heap = heapOf(top);
  const bytes = topBytes(av);
  const extra = heapExtra(bytes, pad);
  if (extra <= 0) {
    return;
  }
  const before = heap.size;
  // Up to 2.21 no threshold decides.
  const rule = profile.heapTrim;
  noteTrim(av, rule === TRIM_PAGE ? 0 : extra, rule === TRIM_EXTRA_THRESHOLD ? extra : bytes);
  m.madviseCalls++;
  heap.size -= extra;
  addSystemMem(av, -extra);
  growBy(top, -extra);
  dropPages(heap, <i32>(heap.size / m.pageBytes), <i32>(before / m.pageBytes));
}

/** Bytes to cut from a heap's top of `top` bytes; the rule changed in 2.22 and 2.23. */
function heapExtra(top: f64, pad: f64): f64 {
  const unit = m.heapUnit;
  const rule = profile.heapTrim;
  if (rule === TRIM_PAGE) {
    const extra = Math.floor((top - pad - KEEP) / unit) * unit;
    return extra < unit ? 0 : extra;
  }
  if (rule === TRIM_EXTRA_THRESHOLD) {
    const extra = extraOf(top, pad, unit);
    return extra < par.trimThreshold ? 0 : extra;
  }
  return top < par.trimThreshold ? 0 : extraOf(top, pad, unit);
}

/** A step of heap_trim's loop: unmaps the newest heap if it consists of top and the previous heap has enough room. */
function deleteHeap(av: Arena, pad: f64): bool {
  const top = av.top;
  const heap = heapOf(top);
  const prev = heap.prev;
  if (prev === null || bytesIn(rec(top).addr) !== profile.heapInfoBytes) {
    return false;
  }
  const fence = endOfHeap(prev);
  const below = rec(fence).prev;
  const belowFree = rec(below).state === FREE;
  const granules = rec(fence).size + (belowFree ? rec(below).size : 0);
  if (bytesIn(granules) + (HEAP_MAX - prev.size) < pad + KEEP - 1 + m.heapUnit) {
    return false;
  }
  addSystemMem(av, -heap.size);
  dropPages(heap, 0, heap.pageEnd);
  removeHeap(heap);
  releaseChunk(top);
  if (belowFree) {
    unlink(below);
    absorbBelow(fence);
  }
  rec(fence).state = TOP;
  av.top = fence;
  av.trimmedBytes = 0;
  return true;
}

/** malloc_trim(pad) (§7): drops whole pages within free chunks of every arena, and trims the top of the main arena. */
export function trimAll(pad: f64): void {
  // bin_index of a page: chunks in lower bins have no whole page between their link words and their end.
  const firstPageBin = binIndex(1 << m.pageShift);
  let av = m.mainArena;
  do {
    if (av.top !== 0) {
      if (profile.fastbins) {
        consolidate(av);
      }
      dropBin(av, UNSORTED);
      for (let index = firstPageBin; index < BIN_COUNT; index++) {
        dropBin(av, index);
      }
    }
    av = av.next;
  } while (av !== m.mainArena);
  systrim(pad);
  m.mainArena.trimmedBytes = 0;
}

/** sizeof(malloc_chunk): the words at a free chunk's start, which must stay */
const CHUNK_STRUCT_GRANULES: i32 = 3;

function dropBin(av: Arena, index: i32): void {
  const bin = av.bins + index * STRIDE;
  for (let c = rec(bin).bk; c !== bin; c = rec(c).bk) {
    const record = rec(c);
    const page: i32 = 1 << m.pageShift;
    const from = (record.addr + CHUNK_STRUCT_GRANULES + page - 1) >> m.pageShift;
    const to = (record.addr + record.size) >> m.pageShift;
    if (to > from) {
      m.madviseCalls++;
      if (m.watchesDrops) {
        dropped(record.heap, from, to);
      }
      dropPages(heapOf(c), from, to);
    }
  }
}
