import { Arena, fastbin, setFastbin } from "./arena";
import { markBin, pushFront, pushUnsorted, unlink, writeLinks } from "./bins";
import {
  absorbAbove,
  absorbBelow,
  bytesIn,
  FAST,
  FREE,
  MAPPED,
  MIN_GRANULES,
  MIN_LARGE_GRANULES,
  rec,
  releaseChunk,
  TOP,
} from "./chunks";
import { heapOf } from "./heap";
import { raised } from "./host";
import { mappedChunkBytes, mappingOf, removeMapping } from "./mapping";
import { m, par, profile } from "./model";
import { INTERNAL_TCACHE, SMALL_UNSORTED, TCACHE_EAGER, TCACHE_LAZY } from "./profile";
import { EVERY_PLANE, writeBlock, writeFirst } from "./resident";
import { tcacheHasRoom, tcacheInit, tcachePush } from "./tcache";
import { INACTIVE } from "./thread";
import { trimAfterFree } from "./trim";

/** DEFAULT_MMAP_THRESHOLD_MAX: maximum of the dynamic threshold */
const DEFAULT_MMAP_THRESHOLD_MAX: f64 = 33554432;

/** free(p) of a chunk held by the program (ptmalloc2.md §4). */
export function freeChunk(c: i32): void {
  const record = rec(c);
  if (record.state === MAPPED) {
    unmapChunk(c, true);
    return;
  }
  const size = record.size;
  const thread = m.thread;
  m.inUseGranules -= size;
  if (thread.tcache === INACTIVE && freeInitsTcache(size)) {
    tcacheInit();
  }
  if (size <= m.tcacheMaxGranules && tcacheHasRoom(thread, size)) {
    tcachePush(thread, size, c);
    return;
  }
  arenaFree(heapOf(c).arena, c);
}

/** True if the free of a chunk of `granules` allocates the tcache of a thread that has none (§3.2). */
function freeInitsTcache(granules: i32): bool {
  const rule = profile.tcache;
  return rule === TCACHE_EAGER || (rule === TCACHE_LAZY && granules <= m.tcacheMaxGranules);
}

/** How sysmalloc, realloc and memalign free remainders (§3.9). */
export function internalFree(av: Arena, c: i32): void {
  const size = rec(c).size;
  if (profile.internalFree === INTERNAL_TCACHE && tcacheHasRoom(m.thread, size)) {
    tcachePush(m.thread, size, c);
  } else {
    arenaFree(av, c);
  }
}

/** _int_free after the tcache: into a fastbin (§4.3), or merging (§4.4) and trimming (§4.5). */
export function arenaFree(av: Arena, c: i32): void {
  const record = rec(c);
  const size = record.size;
  if (par.perturb) {
    writeBlock(c, 0, bytesIn(size - 1), EVERY_PLANE);
  }
  if (size <= m.maxFastGranules) {
    const index = size - MIN_GRANULES;
    record.state = FAST;
    record.fd = fastbin(av, index);
    setFastbin(av, index, c);
    av.haveFastchunks = true;
    writeFirst(c);
  } else {
    trimAfterFree(av, mergeFree(av, c, false));
  }
}

/**
 * Merges a chunk with its free neighbours and with top, and puts the result on its list (§4.4), with
 * `consolidating` always in the unsorted bin. Returns the merged size in granules, top included.
 */
export function mergeFree(av: Arena, c: i32, consolidating: bool): i32 {
  const below = rec(c).prev;
  if (rec(below).state !== FREE) {
    return createFree(av, c, consolidating);
  }
  unlink(below);
  absorbAbove(below);
  return createFree(av, below, consolidating);
}

/** _int_free_create_chunk: the forward part of the merge, for a chunk whose predecessor is in use. */
export function createFree(av: Arena, c: i32, consolidating: bool): i32 {
  const above = rec(c).next;
  const state = rec(above).state;
  if (state === TOP) {
    absorbBelow(above);
    return rec(above).size;
  }
  if (state === FREE) {
    unlink(above);
    absorbAbove(c);
  }
  const size = rec(c).size;
  if (consolidating || size >= MIN_LARGE_GRANULES || profile.smallFree === SMALL_UNSORTED) {
    pushUnsorted(av, c);
  } else {
    pushFront(av, size, c);
    markBin(av, size);
    writeLinks(c);
  }
  return size;
}

/** munmap_chunk; with `adjust`, as in free(), it first raises the dynamic thresholds (§4.6). */
export function unmapChunk(c: i32, adjust: bool): void {
  const bytes = mappedChunkBytes(mappingOf(c));
  // glibc compares the size word including IS_MMAPPED: a size equal to the threshold updates it, exactly 32 MiB does
  // not.
  const word = bytes + 2;
  if (
    adjust &&
    !par.noDynThreshold &&
    word > par.mmapThreshold &&
    word <= DEFAULT_MMAP_THRESHOLD_MAX
  ) {
    const mmapThreshold = par.mmapThreshold;
    const trimThreshold = par.trimThreshold;
    par.mmapThreshold = bytes;
    par.trimThreshold = 2 * bytes;
    if (m.watchesRaises && par.trimThreshold > trimThreshold) {
      raised(mmapThreshold, trimThreshold);
    }
  }
  removeMapping(c);
  releaseChunk(c);
}
