import type { Arena } from "./arena.ts";
import { fenceOldTop, startTop } from "./arenas.ts";
import {
  ADDR,
  GRANULE,
  HEAP,
  MAPPED,
  MIN_GRANULES,
  NEXT,
  PREV,
  roundUp,
  SIZE,
  STATE,
} from "./chunks.ts";
import { internalFree } from "./free.ts";
import { HEAP_MAX, heapSizeFor } from "./heap.ts";
import { carveTop } from "./malloc.ts";
import { Mapping } from "./mapping.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, hugePagePages, writeRange } from "./resident.ts";
import { BREAK_LIMIT, HUGE_GRANULES } from "./size-classes.ts";

/** MINSIZE in bytes */
const MINSIZE = MIN_GRANULES * GRANULE;
/** MMAP_AS_MORECORE_SIZE */
const MMAP_AS_MORECORE = 1024 * 1024;

/**
 * sysmalloc (ptmalloc2.md §3.8): memory from the kernel for `nb` granules if nothing in the arena fits: a mapped chunk
 * from mmap_threshold on, else a larger top. Returns the chunk; 0 for ENOMEM.
 */
export function sysmalloc(m: Ptmalloc, av: Arena, nb: number): number {
  const bytes = m.bytesOf(nb);
  const mayMap = bytes >= m.par.mmapThreshold && m.mappedBlocks < m.par.mmapMax;
  if (m.witness?.isMapped(av, bytes, mayMap) ?? mayMap) {
    return mapChunk(m, nb);
  }
  if (nb === HUGE_GRANULES) {
    return av.main ? 0 : mapChunk(m, nb);
  }
  // The witness may have given back what a trim took from the top (§12.8).
  if (av.top !== 0 && m.chunks.words[av.top + SIZE]! >= nb + MIN_GRANULES) {
    return carveTop(m, av, nb);
  }
  if (av.main) {
    if (!growMain(m, av, nb)) {
      return 0;
    }
  } else if (!growHeaps(m, av, nb)) {
    return mapChunk(m, nb);
  }
  // Freeing the old top may have trimmed the new one (trap T8).
  if (m.chunks.words[av.top + SIZE]! < nb + MIN_GRANULES) {
    return 0;
  }
  return carveTop(m, av, nb);
}

/** sysmalloc_mmap: a mapped chunk (§3.8 step 1). */
export function mapChunk(m: Ptmalloc, nb: number): number {
  const mapping = new Mapping(
    m.pageUp(m.bytesOf(nb) + m.profile.mmapTailBytes),
    m.pageBytes,
    m.hugePages ? hugePagePages(m) : 1,
  );
  const c = m.chunks.allocate();
  const w = m.chunks.words;
  w[c + SIZE] = 0;
  w[c + STATE] = MAPPED;
  w[c + ADDR] = 0;
  w[c + HEAP] = m.addMapping(mapping);
  w[c + PREV] = 0;
  w[c + NEXT] = 0;
  mapping.count(m.resident, 1);
  return c;
}

/** Frees what is left of a top that was replaced (§3.8). */
function retireTop(m: Ptmalloc, av: Arena, oldTop: number): void {
  const chunk = fenceOldTop(m, oldTop);
  if (chunk !== 0) {
    internalFree(m, av, chunk);
  }
}

/** Grows the top of a non-main arena: in place without top_pad, or in a new heap (§3.8 step 2). */
function growHeaps(m: Ptmalloc, av: Arena, nb: number): boolean {
  const w = m.chunks.words;
  const oldTop = av.top;
  const heap = m.heapOf(oldTop);
  const need = roundUp((nb + MIN_GRANULES - w[oldTop + SIZE]!) * GRANULE, m.heapUnit);
  if (heap.size + need <= HEAP_MAX) {
    m.extendHeap(heap, need);
    m.addSystemMem(av, need);
    w[oldTop + SIZE]! += need / GRANULE;
    av.noteGrowth(need);
    return true;
  }
  const { heapInfoBytes } = m.profile;
  const size = heapSizeFor(nb * GRANULE + MINSIZE + heapInfoBytes, m.par.topPad, m.heapUnit);
  if (size === 0) {
    return false;
  }
  const next = m.newHeap("arena", av, heap, size);
  m.addSystemMem(av, size);
  writeRange(m, next, 0, heapInfoBytes, EVERY_PLANE);
  startTop(m, av, next, heapInfoBytes / GRANULE, size / GRANULE);
  retireTop(m, av, oldTop);
  return true;
}

/** Bytes by which the break has to rise for `bytes` more: to the end of a page, or of a THP page (§3.8, §10.6). */
export function breakGrowth(m: Ptmalloc, bytes: number): number {
  if (m.thpBytes === 0) {
    return m.pageUp(bytes);
  }
  // Up to 2.42 glibc takes 0 for the break until something has called sbrk.
  const isUnknown = m.profile.thpUnit === "break" && m.mainArena.top === 0 && !m.calledSbrk;
  const brk = isUnknown ? 0 : m.breakHeap.start * GRANULE + m.brk;
  return roundUp(brk + bytes, m.thpBytes) - brk;
}

/** Grows the main arena's top: raises the break with top_pad; after foreign sbrk, starts a new stretch (§3.8). */
function growMain(m: Ptmalloc, av: Arena, nb: number): boolean {
  const w = m.chunks.words;
  const oldTop = av.top;
  const topBytes = w[oldTop + SIZE]! * GRANULE;
  let size = nb * GRANULE + m.par.topPad + MINSIZE;
  if (av.contiguous) {
    size -= topBytes;
  }
  size = breakGrowth(m, size);
  m.systemCalls.moveBreak();
  if (m.brk + size > BREAK_LIMIT) {
    return mapMorecore(m, av, nb, size, topBytes);
  }
  const brk = m.brk;
  m.brk += size;
  m.addSystemMem(av, size);
  const area = m.breakHeap;
  const oldEnd =
    oldTop !== 0 && w[oldTop + HEAP] === area.id ? w[oldTop + ADDR]! * GRANULE + topBytes : -1;
  if (brk === oldEnd) {
    w[oldTop + SIZE]! += size / GRANULE;
    area.size = m.brk;
    av.noteGrowth(size);
    return true;
  }
  let aligned = brk;
  let correction = 0;
  if (av.contiguous) {
    if (oldTop !== 0) {
      m.addSystemMem(av, brk - oldEnd);
    }
    const front = brk % GRANULE;
    if (front > 0) {
      correction = GRANULE - front;
      aligned += correction;
    }
    correction += topBytes;
    const end = brk + size + correction;
    correction += m.pageUp(end) - end;
    if (correction > 0) {
      m.systemCalls.moveBreak();
    }
    m.brk += correction;
    m.addSystemMem(av, correction);
  }
  area.size = m.brk;
  if (m.trims !== null) {
    m.trims.length = 0;
  }
  startTop(m, av, area, aligned / GRANULE, m.brk / GRANULE);
  if (oldTop !== 0) {
    retireTop(m, av, oldTop);
  }
  return true;
}

/** The break does not move: the main arena maps a region and is no longer contiguous (§3.8.1). */
function mapMorecore(m: Ptmalloc, av: Arena, nb: number, size: number, topBytes: number): boolean {
  const needed = av.contiguous ? m.pageUp(size + topBytes) : size;
  const bytes = Math.max(needed, MMAP_AS_MORECORE);
  if (bytes > BREAK_LIMIT) {
    return false;
  }
  av.contiguous = false;
  const oldTop = av.top;
  const region = m.newHeap("fallback", av, null, bytes);
  m.systemCalls.mmap++;
  m.addSystemMem(av, bytes);
  startTop(m, av, region, 0, bytes / GRANULE);
  if (oldTop !== 0) {
    retireTop(m, av, oldTop);
  }
  return m.chunks.words[av.top + SIZE]! >= nb + MIN_GRANULES;
}
