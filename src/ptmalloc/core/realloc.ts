import { Arena } from "./arena";
import { mallocFromArena } from "./arenas";
import { unlink } from "./bins";
import {
  absorbAbove,
  bytesIn,
  cutAbove,
  FREE,
  GRANULE,
  MAPPED,
  MIN_GRANULES,
  moveBoundary,
  rec,
  TOP,
} from "./chunks";
import { internalFree } from "./free";
import { heapOf, pageUp } from "./heap";
import { intMalloc } from "./malloc";
import { mappedChunkBytes, mappingOf, resizeMapping } from "./mapping";
import { m, par, profile } from "./model";
import { SHORTCUT_FITS, SHORTCUT_NONE } from "./profile";
import { EVERY_PLANE, writeHeader } from "./resident";
import { bytesOf } from "./size-classes";
import { perturb, writeChunk } from "./writes";

/** True if realloc returns the block unchanged before it does anything else (§5.1). */
export function shortcutApplies(c: i32, bytes: f64): bool {
  const rule = profile.reallocShortcut;
  if (rule === SHORTCUT_NONE) {
    return false;
  }
  const slack = usableBytes(c) - bytes;
  return rule === SHORTCUT_FITS ? fits(c, slack) : slack >= 0 && slack <= par.trimThreshold;
}

/** True if a block with `slack` bytes beyond the request has the right size. */
function fits(c: i32, slack: f64): bool {
  if (slack < GRANULE) {
    return slack >= 0;
  }
  return rec(c).state === MAPPED && slack <= m.pageBytes && profile.mmapTailBytes === 8;
}

/** malloc_usable_size (§5.4), in bytes. */
export function usableBytes(c: i32): f64 {
  if (rec(c).state !== MAPPED) {
    return bytesIn(rec(c).size) - 8;
  }
  const chunkBytes = mappedChunkBytes(mappingOf(c));
  return profile.mmapTailBytes === 8 ? chunkBytes - 16 : chunkBytes - 8;
}

/**
 * realloc(p, bytes) with p not NULL and bytes not 0 (ptmalloc2.md §5.1). Returns the block's chunk, which may be `c`; 0
 * for NULL, with `c` unchanged. Uses the arena of the old block, not that of the thread.
 */
export function reallocChunk(c: i32, bytes: f64, nb: i32): i32 {
  if (rec(c).state === MAPPED) {
    return remap(c, nb);
  }
  const old = rec(c).size;
  const av = heapOf(c).arena;
  m.inUseGranules -= old;
  const moved = old >= nb ? c : growChunk(av, c, nb, bytes);
  if (moved === 0) {
    m.inUseGranules += old;
    return 0;
  }
  if (rec(moved).state !== MAPPED) {
    if (moved === c) {
      shrink(av, c, nb);
    }
    m.inUseGranules += rec(moved).size;
  }
  return moved;
}

/** mremap of a mapped block; it stays mapped even if small. */
function remap(c: i32, nb: i32): i32 {
  const mapping = mappingOf(c);
  const total = pageUp(bytesOf(nb) + bytesIn(mapping.offset) + profile.mmapTailBytes);
  if (total !== mapping.totalBytes) {
    resizeMapping(c, total);
  }
  return c;
}

/** Grows into top or a free chunk above, else moves. Returns the chunk with at least `nb` granules; 0 for NULL. */
function growChunk(av: Arena, c: i32, nb: i32, bytes: f64): i32 {
  const above = rec(c).next;
  const old = rec(c).size;
  const state = rec(above).state;
  const together = <i64>old + <i64>rec(above).size;
  if (state === TOP && together >= <i64>nb + MIN_GRANULES) {
    moveBoundary(c, above, nb - old);
    writeHeader(above);
    return c;
  }
  if (state === FREE && together >= <i64>nb) {
    unlink(above);
    absorbAbove(c);
    return c;
  }
  const q = intMalloc(av, nb);
  if (q === 0) {
    return m.multiThreaded ? moveElsewhere(av, c, bytes, nb) : 0;
  }
  perturb(q, bytesIn(nb) - 15);
  if (rec(q).state !== MAPPED && rec(c).next === q) {
    // sysmalloc extended top, and the new chunk is directly above (trap T24).
    absorbAbove(c);
    return c;
  }
  copyAndFree(av, c, q);
  return q;
}

/** The arena of the old block has no memory: malloc(bytes) from that of the thread (§5.1). */
function moveElsewhere(av: Arena, c: i32, bytes: f64, nb: i32): i32 {
  const q = mallocFromArena(bytes, nb);
  if (q !== 0) {
    copyAndFree(av, c, q);
  }
  return q;
}

/** Copies all usable bytes of the old chunk, even those the program never wrote, and frees it. */
function copyAndFree(av: Arena, c: i32, q: i32): void {
  writeChunk(q, 0, bytesIn(rec(c).size) - 8, EVERY_PLANE);
  internalFree(av, c);
}

/** Splits off and frees a remainder of MINSIZE or more. */
function shrink(av: Arena, c: i32, nb: i32): void {
  if (rec(c).size - nb < MIN_GRANULES) {
    return;
  }
  const remainder = cutAbove(c, nb);
  writeHeader(remainder);
  internalFree(av, remainder);
}
