import type { Arena } from "./arena.ts";
import { mallocFromArena } from "./arenas.ts";
import { unlink } from "./bins.ts";
import { FREE, GRANULE, MAPPED, MIN_GRANULES, NEXT, SIZE, STATE, TOP } from "./chunks.ts";
import { internalFree } from "./free.ts";
import { intMalloc } from "./malloc.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, writeHeader } from "./resident.ts";

/** True if realloc returns the block unchanged before it does anything else (§5.1). */
export function shortcutApplies(m: Ptmalloc, c: number, bytes: number): boolean {
  switch (m.profile.reallocShortcut) {
    case "none":
      return false;
    case "fits":
      return fits(m, c, usableBytes(m, c) - bytes);
    case "shrinksLittle": {
      const slack = usableBytes(m, c) - bytes;
      return slack >= 0 && slack <= m.par.trimThreshold;
    }
  }
}

/** True if a block with `slack` bytes beyond the request has the right size. */
function fits(m: Ptmalloc, c: number, slack: number): boolean {
  if (slack < GRANULE) {
    return slack >= 0;
  }
  const isMapped = m.chunks.words[c + STATE] === MAPPED;
  return isMapped && slack <= m.pageBytes && m.profile.mmapTailBytes === 8;
}

/** malloc_usable_size (§5.4), in bytes. */
export function usableBytes(m: Ptmalloc, c: number): number {
  const w = m.chunks.words;
  if (w[c + STATE] !== MAPPED) {
    return w[c + SIZE]! * GRANULE - 8;
  }
  const chunkBytes = m.mappedChunkBytes(m.mappingOf(c));
  return m.profile.mmapTailBytes === 8 ? chunkBytes - 16 : chunkBytes - 8;
}

/**
 * realloc(p, bytes) with p not NULL and bytes not 0 (ptmalloc2.md §5.1). Returns the block's chunk, which may be `c`; 0
 * for NULL, with `c` unchanged. Uses the arena of the old block, not that of the thread.
 */
export function reallocChunk(m: Ptmalloc, c: number, bytes: number, nb: number): number {
  const w = m.chunks.words;
  if (w[c + STATE] === MAPPED) {
    return remap(m, c, nb);
  }
  const old = w[c + SIZE]!;
  const av = m.heapOf(c).arena;
  m.inUseGranules -= old;
  const moved = old >= nb ? c : growChunk(m, av, c, nb, bytes);
  if (moved === 0) {
    m.inUseGranules += old;
    return 0;
  }
  if (m.chunks.words[moved + STATE] !== MAPPED) {
    if (moved === c) {
      shrink(m, av, c, nb);
    }
    m.inUseGranules += m.chunks.words[moved + SIZE]!;
  }
  return moved;
}

/** mremap of a mapped block; it stays mapped even if small. */
function remap(m: Ptmalloc, c: number, nb: number): number {
  const mapping = m.mappingOf(c);
  const total = m.pageUp(m.bytesOf(nb) + mapping.offset * GRANULE + m.profile.mmapTailBytes);
  if (total !== mapping.totalBytes) {
    m.resizeMapping(c, total);
  }
  return c;
}

/** Grows into top or a free chunk above, else moves. Returns the chunk with at least `nb` granules; 0 for NULL. */
function growChunk(m: Ptmalloc, av: Arena, c: number, nb: number, bytes: number): number {
  const w = m.chunks.words;
  const above = w[c + NEXT]!;
  const old = w[c + SIZE]!;
  const state = w[above + STATE]!;
  if (state === TOP && old + w[above + SIZE]! >= nb + MIN_GRANULES) {
    m.chunks.moveBoundary(c, above, nb - old);
    writeHeader(m, above);
    return c;
  }
  if (state === FREE && old + w[above + SIZE]! >= nb) {
    unlink(m, above);
    m.chunks.absorbAbove(c);
    return c;
  }
  const q = intMalloc(m, av, nb);
  if (q === 0) {
    return m.multiThreaded ? moveElsewhere(m, av, c, bytes, nb) : 0;
  }
  m.perturb(q, nb * GRANULE - 15);
  if (m.chunks.words[q + STATE] !== MAPPED && m.chunks.words[c + NEXT] === q) {
    // sysmalloc extended top, and the new chunk is directly above (trap T24).
    m.chunks.absorbAbove(c);
    return c;
  }
  copyAndFree(m, av, c, q);
  return q;
}

/** The arena of the old block has no memory: malloc(bytes) from that of the thread (§5.1). */
function moveElsewhere(m: Ptmalloc, av: Arena, c: number, bytes: number, nb: number): number {
  const q = mallocFromArena(m, bytes, nb);
  if (q !== 0) {
    copyAndFree(m, av, c, q);
  }
  return q;
}

/** Copies all usable bytes of the old chunk, even those the program never wrote, and frees it. */
function copyAndFree(m: Ptmalloc, av: Arena, c: number, q: number): void {
  m.write(q, 0, m.chunks.words[c + SIZE]! * GRANULE - 8, EVERY_PLANE);
  internalFree(m, av, c);
}

/** Splits off and frees a remainder of MINSIZE or more. */
function shrink(m: Ptmalloc, av: Arena, c: number, nb: number): void {
  const w = m.chunks.words;
  if (w[c + SIZE]! - nb < MIN_GRANULES) {
    return;
  }
  const remainder = m.chunks.cutAbove(c, nb);
  writeHeader(m, remainder);
  internalFree(m, av, remainder);
}
