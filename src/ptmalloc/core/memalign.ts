import { Arena } from "./arena";
import { arenaGet, arenaGetRetry } from "./arenas";
import { unlink } from "./bins";
import {
  cutAbove,
  FREE,
  IN_USE,
  MAPPED,
  MIN_GRANULES,
  MIN_LARGE_GRANULES,
  rec,
  STRIDE,
  TOP,
} from "./chunks";
import { createFree, internalFree, mergeFree } from "./free";
import { alignableBlock, heapOf } from "./heap";
import { intMalloc } from "./malloc";
import { advanceMapped } from "./mapping";
import { m, profile } from "./model";
import { MEMALIGN_B, MEMALIGN_D } from "./profile";
import { writeHeader } from "./resident";
import { binIndex, bytesOf, granulesFor } from "./size-classes";
import { tcacheTakeAligned } from "./tcache";
import { trimAfterFree } from "./trim";
import { perturb } from "./writes";

/**
 * memalign and related functions (ptmalloc2.md §5.3) for an alignment of 32 bytes or more, a power of two: takes a
 * chunk large enough to hold an aligned block at any address, and frees what is below and above that block.
 */
export function memalignChunk(align: f64, bytes: f64, nb: i32): i32 {
  const alignGranules = <i64>align >> 4;
  if (profile.memalignUsesTcache && nb <= m.tcacheMaxGranules) {
    const cached = tcacheTakeAligned(m.thread, nb, alignGranules);
    if (cached !== 0) {
      return cached;
    }
  }
  const requested = bytes + align + 32;
  const av = arenaGet(requested);
  const c = intMemalign(av, alignGranules, nb);
  if (c !== 0 || !m.multiThreaded) {
    return c;
  }
  return intMemalign(arenaGetRetry(av, requested), alignGranules, nb);
}

function intMemalign(av: Arena, align: i64, nb: i32): i32 {
  if (profile.memalign === MEMALIGN_B) {
    const fit = takeFromBins(av, align, nb);
    if (fit !== 0) {
      return cutFreeing(av, fit, align, nb);
    }
  }
  const bytes = bytesOf(nb) + <f64>align * 16 + 32;
  const c = intMalloc(av, granulesFor(bytes));
  if (c === 0) {
    return 0;
  }
  perturb(c, bytes);
  if (rec(c).state === MAPPED) {
    return alignMapped(c, align);
  }
  const owner = heapOf(c).arena;
  return profile.memalign <= MEMALIGN_B
    ? cutFreeing(owner, c, align, nb)
    : cutMerging(owner, c, align, nb);
}

/** Moves the chunk of a new mapping up to the first aligned address; the tail of the mapping stays. */
function alignMapped(c: i32, align: i64): i32 {
  let lead = align - 1;
  // Before 2.43 a lead has at least MINSIZE.
  if (lead < MIN_GRANULES && profile.memalign !== MEMALIGN_D) {
    lead += align;
  }
  advanceMapped(c, <i32>lead);
  return c;
}

/** Granules from chunk `c` to the first address with an aligned block. */
function distanceTo(c: i32, align: i64): i64 {
  return (align - (alignableBlock(c) % align)) % align;
}

/** The same, but never 1, since a lead must have MINSIZE. */
function leadOf(c: i32, align: i64): i32 {
  const lead = distanceTo(c, align);
  return <i32>(lead !== 0 && lead < MIN_GRANULES ? lead + align : lead);
}

/** Way B (2.38 as tagged) searches the bins below twice the size for a free chunk that can hold the aligned block. */
function takeFromBins(av: Arena, align: i64, nb: i32): i32 {
  // Twice a huge size, too, belongs to the last bin.
  const end = binIndex(<i32>min<i64>(2 * <i64>nb, i32.MAX_VALUE));
  for (let index = binIndex(nb); index < end; index++) {
    const c = fittingChunk(av.bins + index * STRIDE, align, nb);
    if (c !== 0) {
      unlink(c);
      rec(c).state = IN_USE;
      return c;
    }
  }
  return 0;
}

/** In a small bin the first chunk that fits; in a large one the closest in size, the last of equals. 0 if none fits. */
function fittingChunk(bin: i32, align: i64, nb: i32): i32 {
  let best = 0;
  let least = i32.MAX_VALUE;
  for (let c = rec(bin).fd; c !== bin; c = rec(c).fd) {
    const size = rec(c).size;
    if (size < nb) {
      break;
    }
    const lead = distanceTo(c, align);
    const fits = lead !== 1 && (<i64>size > <i64>nb + lead || (size === nb && lead === 0));
    if (!fits) {
      continue;
    }
    if (size < MIN_LARGE_GRANULES) {
      return c;
    }
    const excess = max(size - nb, 1);
    if (excess <= least) {
      least = excess;
      best = c;
    }
  }
  return best;
}

/** Ways A (to 2.37) and B: lead and tail are freed by internalFree. */
function cutFreeing(av: Arena, chunk: i32, align: i64, nb: i32): i32 {
  let c = chunk;
  const lead = leadOf(chunk, align);
  if (lead !== 0) {
    c = cutAbove(chunk, lead);
    writeHeader(c);
    internalFree(av, chunk);
  }
  if (rec(c).size > nb + MIN_GRANULES) {
    const tail = cutAbove(c, nb);
    writeHeader(tail);
    internalFree(av, tail);
  }
  return c;
}

/**
 * Ways C (2.38-stable to 2.42) and D (2.43): lead and tail are merged at once. C splits off any tail that can merge
 * upwards, even one of 16 bytes.
 */
function cutMerging(av: Arena, chunk: i32, align: i64, nb: i32): i32 {
  let c = chunk;
  const lead = leadOf(chunk, align);
  if (lead !== 0) {
    c = cutAbove(chunk, lead);
    writeHeader(c);
    trimAfterFree(av, mergeFree(av, chunk, false));
  }
  const tailSize = rec(c).size - nb;
  const above = rec(rec(c).next).state;
  const mayMerge = profile.memalign !== MEMALIGN_D && (above === TOP || above === FREE);
  if (tailSize >= MIN_GRANULES || (tailSize > 0 && mayMerge)) {
    const tail = cutAbove(c, nb);
    writeHeader(tail);
    trimAfterFree(av, createFree(av, tail, false));
  }
  return c;
}
