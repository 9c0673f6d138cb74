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

/** free(p) of a chunk in the program's hands (ptmalloc2.md §4). */
export function freeChunk(m: Ptmalloc, c: number): void {
  const w = m.chunks.words;
  if (w[c + STATE] === MAPPED) {
    unmapChunk(m, c, true);
    return;
  }
  const size = w[c + SIZE]!;
  m.inUseGranules -= size;
  const { tcache } = m.profile;
  if (tcache === "eager") {
    if (m.thread.tcache === "inactive") {
      tcacheInit(m);
    }
  } else if (tcache === "lazy" && size <= m.tcacheMaxGranules && m.thread.tcache === "inactive") {
    tcacheInit(m);
  }
  if (size <= m.tcacheMaxGranules && tcacheHasRoom(m, m.thread, size)) {
    tcachePush(m, m.thread, size, c);
    return;
  }
  arenaFree(m, m.heapOf(c).arena, c);
}

/** The free that sysmalloc, realloc and memalign use for what they cut off (§3.9). */
export function internalFree(m: Ptmalloc, av: Arena, c: number): void {
  const size = m.chunks.words[c + SIZE]!;
  if (m.profile.internalFree === "tcache" && tcacheHasRoom(m, m.thread, size)) {
    tcachePush(m, m.thread, size, c);
  } else {
    arenaFree(m, av, c);
  }
}

/** _int_free behind the tcache: to a fastbin (§4.3), or merged with its neighbours (§4.4) and trimmed (§4.5). */
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
 * Merges a chunk with its free neighbours and with top, and puts the result on its list (§4.4); `consolidating`
 * sends every size to unsorted. Returns the merged size in granules, top included.
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

/** _int_free_create_chunk: the forward half of the merge, for a chunk whose predecessor is in use. */
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

/** munmap_chunk; free() first moves the dynamic thresholds (§4.6), realloc does not. */
export function unmapChunk(m: Ptmalloc, c: number, adjust: boolean): void {
  const id = m.chunks.words[c + HEAP]!;
  const mapping = m.mappings[id]!;
  const bytes = m.mappedChunkBytes(mapping);
  // The word is compared with its IS_MMAPPED bit on: equality updates too, exactly 32 MiB does not.
  const word = bytes + 2;
  if (
    adjust &&
    !m.par.noDynThreshold &&
    word > m.par.mmapThreshold &&
    word <= DEFAULT_MMAP_THRESHOLD_MAX
  ) {
    m.par.mmapThreshold = bytes;
    m.par.trimThreshold = 2 * bytes;
  }
  mapping.count(m.resident, -1);
  m.removeMapping(id);
  m.chunks.release(c);
}
