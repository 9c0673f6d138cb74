import type { Arena } from "./arena.ts";
import { mallocFromArena } from "./arenas.ts";
import { unlink } from "./bins.ts";
import {
  FREE,
  GRANULE,
  MAPPED,
  MIN_GRANULES,
  NEXT,
  PAGE,
  pageUp,
  SIZE,
  STATE,
  TOP,
} from "./chunks.ts";
import { internalFree } from "./free.ts";
import { intMalloc } from "./malloc.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, writeHeader } from "./resident.ts";

/** realloc's short cut of some versions (§5.1): the block stays as it is, before anything else is done. */
export function staysAtOnce(m: Ptmalloc, c: number, bytes: number): boolean {
  const { reallocAtOnce } = m.profile;
  if (reallocAtOnce === "never") {
    return false;
  }
  const slack = usableBytes(m, c) - bytes;
  if (slack < 0) {
    return false;
  }
  if (reallocAtOnce === "shrinksLittle") {
    return slack <= m.par.trimThreshold;
  }
  if (slack < GRANULE) {
    return true;
  }
  const mapped = m.chunks.words[c + STATE] === MAPPED;
  return mapped && slack <= PAGE && m.profile.mmapTailBytes === 8;
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
 * realloc(p, bytes) with p not NULL and bytes not 0 (ptmalloc2.md §5.1). Returns the chunk that now holds the block,
 * which may be `c` itself; 0 for NULL, with `c` unchanged. The arena is that of the old block, not the caller's.
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

/** mremap of a mapped block; it stays mapped however small it becomes. */
function remap(m: Ptmalloc, c: number, nb: number): number {
  const mapping = m.mappingOf(c);
  const total = pageUp(m.bytesOf(nb) + mapping.offset * GRANULE + m.profile.mmapTailBytes);
  if (total !== mapping.totalBytes) {
    m.resizeMapping(mapping, total);
  }
  return c;
}

/** Into top, into a free chunk above, or to a new place. Returns the chunk with at least `nb` granules; 0 for NULL. */
function growChunk(m: Ptmalloc, av: Arena, c: number, nb: number, bytes: number): number {
  const w = m.chunks.words;
  const above = w[c + NEXT]!;
  const old = w[c + SIZE]!;
  const state = w[above + STATE]!;
  if (state === TOP && old + w[above + SIZE]! >= nb + MIN_GRANULES) {
    m.chunks.moveBorder(c, above, nb - old);
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
    // sysmalloc extended the top in place, and the new chunk is the one just above (trap T24).
    m.chunks.absorbAbove(c);
    return c;
  }
  copyAndFree(m, av, c, q);
  return q;
}

/** The old arena has no memory: malloc(bytes) wherever the calling thread gets it (§5.1). */
function moveElsewhere(m: Ptmalloc, av: Arena, c: number, bytes: number, nb: number): number {
  const q = mallocFromArena(m, bytes, nb);
  if (q !== 0) {
    copyAndFree(m, av, c, q);
  }
  return q;
}

/** All usable bytes of the old chunk are written to the new one, even those the program never wrote. */
function copyAndFree(m: Ptmalloc, av: Arena, c: number, q: number): void {
  m.write(q, 0, m.chunks.words[c + SIZE]! * GRANULE - 8, EVERY_PLANE);
  internalFree(m, av, c);
}

/** A rest of MINSIZE or more is cut off and freed. */
function shrink(m: Ptmalloc, av: Arena, c: number, nb: number): void {
  const w = m.chunks.words;
  if (w[c + SIZE]! - nb < MIN_GRANULES) {
    return;
  }
  const rest = m.chunks.cutAbove(c, nb);
  writeHeader(m, rest);
  internalFree(m, av, rest);
}
