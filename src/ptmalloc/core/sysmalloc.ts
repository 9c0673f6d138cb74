import { Arena, addSystemMem, isMain, noteGrowth } from "./arena";
import { fenceOldTop, startTop } from "./arenas";
import {
  allocateChunk,
  bytesIn,
  GRANULE,
  growBy,
  MAPPED,
  MIN_GRANULES,
  rec,
  roundUp,
} from "./chunks";
import { internalFree } from "./free";
import {
  ARENA,
  extendHeap,
  FALLBACK,
  HEAP_MAX,
  heapOf,
  heapSizeFor,
  newHeap,
  pageUp,
} from "./heap";
import { isMapped } from "./host";
import { carveTop } from "./malloc";
import { addMapping } from "./mapping";
import { m, par, profile } from "./model";
import { THP_BREAK } from "./profile";
import { EVERY_PLANE, writeRange } from "./resident";
import { BREAK_LIMIT, bytesOf, HUGE_GRANULES } from "./size-classes";
import { moveBreak } from "./system-calls";
import { forgetTrims } from "./undo-trims";

/** MINSIZE in bytes */
const MINSIZE: f64 = 32;
/** MMAP_AS_MORECORE_SIZE */
const MMAP_AS_MORECORE: f64 = 1048576;

/**
 * sysmalloc (ptmalloc2.md §3.8): memory from the kernel for `nb` granules if nothing in the arena fits: a mapped chunk
 * from mmap_threshold on, else a larger top. Returns the chunk; 0 for ENOMEM.
 */
export function sysmalloc(av: Arena, nb: i32): i32 {
  const bytes = bytesOf(nb);
  const mayMap = bytes >= par.mmapThreshold && m.mappedBlocks < par.mmapMax;
  if (m.hasWitness ? isMapped(changetype<usize>(av), bytes, mayMap) : mayMap) {
    return mapChunk(nb);
  }
  if (nb === HUGE_GRANULES) {
    return isMain(av) ? 0 : mapChunk(nb);
  }
  // The witness may have given back what a trim took from the top (§12.8).
  if (av.top !== 0 && rec(av.top).size >= nb + MIN_GRANULES) {
    return carveTop(av, nb);
  }
  if (isMain(av)) {
    if (!growMain(av, nb)) {
      return 0;
    }
  } else if (!growHeaps(av, nb)) {
    return mapChunk(nb);
  }
  // Freeing the old top may have trimmed the new one (trap T8).
  if (rec(av.top).size < nb + MIN_GRANULES) {
    return 0;
  }
  return carveTop(av, nb);
}

/** sysmalloc_mmap: a mapped chunk (§3.8 step 1). */
export function mapChunk(nb: i32): i32 {
  const mapping = addMapping(pageUp(bytesOf(nb) + profile.mmapTailBytes));
  const c = allocateChunk();
  const record = rec(c);
  record.size = 0;
  record.state = MAPPED;
  record.addr = 0;
  record.heap = mapping;
  record.prev = 0;
  record.next = 0;
  return c;
}

/** Frees what is left of a top that was replaced (§3.8). */
function retireTop(av: Arena, oldTop: i32): void {
  const chunk = fenceOldTop(oldTop);
  if (chunk !== 0) {
    internalFree(av, chunk);
  }
}

/** Grows the top of a non-main arena: in place without top_pad, or in a new heap (§3.8 step 2). */
function growHeaps(av: Arena, nb: i32): bool {
  const oldTop = av.top;
  const heap = heapOf(oldTop);
  const need = roundUp((<f64>nb + MIN_GRANULES - <f64>rec(oldTop).size) * GRANULE, m.heapUnit);
  if (heap.size + need <= HEAP_MAX) {
    extendHeap(heap, need);
    addSystemMem(av, need);
    growBy(oldTop, need);
    noteGrowth(av, need);
    return true;
  }
  const heapInfoBytes = profile.heapInfoBytes;
  const size = heapSizeFor(bytesIn(nb) + MINSIZE + heapInfoBytes, par.topPad, m.heapUnit);
  if (size === 0) {
    return false;
  }
  const next = newHeap(ARENA, av, heap, size);
  addSystemMem(av, size);
  writeRange(next, 0, heapInfoBytes, EVERY_PLANE);
  startTop(av, next, heapInfoBytes / GRANULE, size / GRANULE);
  retireTop(av, oldTop);
  return true;
}

/** Bytes by which the break has to rise for `bytes` more: to the end of a page, or of a THP page (§3.8, §10.6). */
export function breakGrowth(bytes: f64): f64 {
  if (m.thpBytes === 0) {
    return pageUp(bytes);
  }
  // Up to 2.42 glibc takes 0 for the break until something has called sbrk.
  const isUnknown = profile.thpUnit === THP_BREAK && m.mainArena.top === 0 && !m.calledSbrk;
  const brk = isUnknown ? 0 : bytesIn(m.breakHeap.start) + m.brk;
  return roundUp(brk + bytes, m.thpBytes) - brk;
}

/** Grows the main arena's top: raises the break with top_pad; after foreign sbrk, starts a new stretch (§3.8). */
function growMain(av: Arena, nb: i32): bool {
  const oldTop = av.top;
  const topBytes = bytesIn(rec(oldTop).size);
  let size = bytesIn(nb) + par.topPad + MINSIZE;
  if (av.contiguous) {
    size -= topBytes;
  }
  size = breakGrowth(size);
  moveBreak();
  if (m.brk + size > BREAK_LIMIT) {
    return mapMorecore(av, nb, size, topBytes);
  }
  const brk = m.brk;
  m.brk += size;
  addSystemMem(av, size);
  const area = m.breakHeap;
  const isInArea = oldTop !== 0 && rec(oldTop).heap === area.id;
  const oldEnd = isInArea ? bytesIn(rec(oldTop).addr) + topBytes : -1;
  if (brk === oldEnd) {
    growBy(oldTop, size);
    area.size = m.brk;
    noteGrowth(av, size);
    return true;
  }
  let aligned = brk;
  let correction: f64 = 0;
  if (av.contiguous) {
    if (oldTop !== 0) {
      addSystemMem(av, brk - oldEnd);
    }
    const front = brk - Math.floor(brk / GRANULE) * GRANULE;
    if (front > 0) {
      correction = GRANULE - front;
      aligned += correction;
    }
    correction += topBytes;
    const end = brk + size + correction;
    correction += pageUp(end) - end;
    if (correction > 0) {
      moveBreak();
    }
    m.brk += correction;
    addSystemMem(av, correction);
  }
  area.size = m.brk;
  forgetTrims();
  startTop(av, area, aligned / GRANULE, m.brk / GRANULE);
  if (oldTop !== 0) {
    retireTop(av, oldTop);
  }
  return true;
}

/** The break does not move: the main arena maps a region and is no longer contiguous (§3.8.1). */
function mapMorecore(av: Arena, nb: i32, size: f64, topBytes: f64): bool {
  const needed = av.contiguous ? pageUp(size + topBytes) : size;
  const bytes = Math.max(needed, MMAP_AS_MORECORE);
  if (bytes > BREAK_LIMIT) {
    return false;
  }
  av.contiguous = false;
  const oldTop = av.top;
  const region = newHeap(FALLBACK, av, null, bytes);
  m.mmapCalls++;
  addSystemMem(av, bytes);
  startTop(av, region, 0, bytes / GRANULE);
  if (oldTop !== 0) {
    retireTop(av, oldTop);
  }
  return rec(av.top).size >= nb + MIN_GRANULES;
}
