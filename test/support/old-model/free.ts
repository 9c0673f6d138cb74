import type { Arena } from "./arena.ts";
import { markBin, pushFront, pushUnsorted, unlink, writeLinks } from "./bins.ts";
import {
  FAST,
  FD,
  FREE,
  GRANULE,
  HEAP,
  MAPPED,
  MIN_GRANULES,
  MIN_LARGE_GRANULES,
  NEXT,
  PREV,
  SIZE,
  STATE,
  TOP,
} from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, writeBlock, writeFirst } from "./resident.ts";
import { DEFAULT_MMAP_THRESHOLD_MAX } from "./settings.ts";
import { tcacheHasRoom, tcacheInit, tcachePush } from "./tcache.ts";
import { trimAfterFree } from "./trim.ts";

/** free(p) of a chunk held by the program (ptmalloc2.md §4). */
export function freeChunk(m: Ptmalloc, c: number): void {
  const w = m.chunks.words;
  if (w[c + STATE] === MAPPED) {
    unmapChunk(m, c, true);
    return;
  }
  const size = w[c + SIZE]!;
  m.inUseGranules -= size;
  if (m.thread.tcache === "inactive" && freeInitsTcache(m, size)) {
    tcacheInit(m);
  }
  if (size <= m.tcacheMaxGranules && tcacheHasRoom(m, m.thread, size)) {
    tcachePush(m, m.thread, size, c);
    return;
  }
  arenaFree(m, m.heapOf(c).arena, c);
}

/** True if the free of a chunk of `granules` allocates the tcache of a thread that has none (§3.2). */
function freeInitsTcache(m: Ptmalloc, granules: number): boolean {
  switch (m.profile.tcache) {
    case "none":
    case "small":
      return false;
    case "eager":
      return true;
    case "lazy":
      return granules <= m.tcacheMaxGranules;
  }
}

/** How sysmalloc, realloc and memalign free remainders (§3.9). */
export function internalFree(m: Ptmalloc, av: Arena, c: number): void {
  const size = m.chunks.words[c + SIZE]!;
  if (m.profile.internalFree === "tcache" && tcacheHasRoom(m, m.thread, size)) {
    tcachePush(m, m.thread, size, c);
  } else {
    arenaFree(m, av, c);
  }
}

/** _int_free after the tcache: into a fastbin (§4.3), or merging (§4.4) and trimming (§4.5). */
export function arenaFree(m: Ptmalloc, av: Arena, c: number): void {
  const w = m.chunks.words;
  const size = w[c + SIZE]!;
  if (m.par.perturb) {
    writeBlock(m, c, 0, (size - 1) * GRANULE, EVERY_PLANE);
  }
  if (size <= m.maxFastGranules) {
    const index = size - MIN_GRANULES;
    w[c + STATE] = FAST;
    w[c + FD] = av.fastbins[index]!;
    av.fastbins[index] = c;
    av.haveFastchunks = true;
    writeFirst(m, c);
  } else {
    trimAfterFree(m, av, mergeFree(m, av, c, false));
  }
}

/**
 * Merges a chunk with its free neighbours and with top, and puts the result on its list (§4.4), with
 * `consolidating` always in the unsorted bin. Returns the merged size in granules, top included.
 */
export function mergeFree(m: Ptmalloc, av: Arena, c: number, consolidating: boolean): number {
  const below = m.chunks.words[c + PREV]!;
  if (m.chunks.words[below + STATE] !== FREE) {
    return createFree(m, av, c, consolidating);
  }
  unlink(m, below);
  m.chunks.absorbAbove(below);
  return createFree(m, av, below, consolidating);
}

/** _int_free_create_chunk: the forward part of the merge, for a chunk whose predecessor is in use. */
export function createFree(m: Ptmalloc, av: Arena, c: number, consolidating: boolean): number {
  const w = m.chunks.words;
  const above = w[c + NEXT]!;
  const state = w[above + STATE]!;
  if (state === TOP) {
    m.chunks.absorbBelow(above);
    return w[above + SIZE]!;
  }
  if (state === FREE) {
    unlink(m, above);
    m.chunks.absorbAbove(c);
  }
  const size = w[c + SIZE]!;
  if (consolidating || size >= MIN_LARGE_GRANULES || m.profile.smallFree === "unsorted") {
    pushUnsorted(m, av, c);
  } else {
    pushFront(m, av, size, c);
    markBin(av, size);
    writeLinks(m, c);
  }
  return size;
}

/** munmap_chunk; with `adjust`, as in free(), it first raises the dynamic thresholds (§4.6). */
export function unmapChunk(m: Ptmalloc, c: number, adjust: boolean): void {
  const id = m.chunks.words[c + HEAP]!;
  const mapping = m.mappings[id]!;
  const bytes = m.mappedChunkBytes(mapping);
  // glibc compares the size word including IS_MMAPPED: a size equal to the threshold updates it, exactly 32 MiB does
  // not.
  const word = bytes + 2;
  if (
    adjust &&
    !m.par.noDynThreshold &&
    word > m.par.mmapThreshold &&
    word <= DEFAULT_MMAP_THRESHOLD_MAX
  ) {
    const { mmapThreshold, trimThreshold } = m.par;
    m.par.mmapThreshold = bytes;
    m.par.trimThreshold = 2 * bytes;
    if (m.par.trimThreshold > trimThreshold) {
      m.onRaise?.(mmapThreshold, trimThreshold);
    }
  }
  m.resident.beginReturn();
  mapping.count(m.resident, -1);
  m.resident.endReturn();
  m.removeMapping(id);
  m.chunks.release(c);
}
