import type { Arena } from "./arena.ts";
import { arenaGet, arenaGetRetry } from "./arenas.ts";
import { unlink } from "./bins.ts";
import {
  FD,
  FREE,
  GRANULE,
  IN_USE,
  MAPPED,
  MIN_GRANULES,
  MIN_LARGE_GRANULES,
  NEXT,
  SIZE,
  STATE,
  STRIDE,
  TOP,
} from "./chunks.ts";
import { createFree, internalFree, mergeFree } from "./free.ts";
import { intMalloc } from "./malloc.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { writeHeader } from "./resident.ts";
import { binIndex } from "./size-classes.ts";
import { tcacheTakeAligned } from "./tcache.ts";
import { trimAfterFree } from "./trim.ts";

/**
 * memalign and related functions (ptmalloc2.md §5.3) for an alignment of 32 bytes or more, a power of two: takes a
 * chunk large enough to hold an aligned block at any address, and frees what is below and above that block.
 */
export function memalignChunk(m: Ptmalloc, align: number, bytes: number, nb: number): number {
  const alignGranules = align / GRANULE;
  if (m.profile.memalignUsesTcache && nb <= m.tcacheMaxGranules) {
    const cached = tcacheTakeAligned(m, m.thread, nb, alignGranules);
    if (cached !== 0) {
      return cached;
    }
  }
  const requested = bytes + align + 32;
  const av = arenaGet(m, requested);
  const c = intMemalign(m, av, alignGranules, nb);
  if (c !== 0 || av === null || !m.multiThreaded) {
    return c;
  }
  return intMemalign(m, arenaGetRetry(m, av, requested), alignGranules, nb);
}

function intMemalign(m: Ptmalloc, av: Arena | null, align: number, nb: number): number {
  if (m.profile.memalign === "B" && av !== null) {
    const fit = takeFromBins(m, av, align, nb);
    if (fit !== 0) {
      return cutFreeing(m, av, fit, align, nb);
    }
  }
  const bytes = m.bytesOf(nb) + align * GRANULE + 32;
  const c = intMalloc(m, av, m.granulesFor(bytes));
  if (c === 0) {
    return 0;
  }
  m.perturb(c, bytes);
  if (m.chunks.words[c + STATE] === MAPPED) {
    return alignMapped(m, c, align);
  }
  const owner = m.heapOf(c).arena;
  switch (m.profile.memalign) {
    case "A":
    case "B":
      return cutFreeing(m, owner, c, align, nb);
    case "C":
    case "D":
      return cutMerging(m, owner, c, align, nb);
  }
}

/** Moves the chunk of a new mapping up to the first aligned address; the tail of the mapping stays. */
function alignMapped(m: Ptmalloc, c: number, align: number): number {
  let lead = align - 1;
  // Before 2.43 a lead has at least MINSIZE.
  if (lead < MIN_GRANULES && m.profile.memalign !== "D") {
    lead += align;
  }
  m.advanceMapped(c, lead);
  return c;
}

/** Granules from chunk `c` to the first address with an aligned block; never 1, since a lead must have MINSIZE. */
function leadOf(m: Ptmalloc, c: number, align: number): number {
  const lead = (align - (m.alignableBlock(c) % align)) % align;
  return lead !== 0 && lead < MIN_GRANULES ? lead + align : lead;
}

/** Way B (2.38 as tagged) searches the bins below twice the size for a free chunk that can hold the aligned block. */
function takeFromBins(m: Ptmalloc, av: Arena, align: number, nb: number): number {
  for (let index = binIndex(nb); index < binIndex(2 * nb); index++) {
    const c = fittingChunk(m, av.bins + index * STRIDE, align, nb);
    if (c === 0) {
      continue;
    }
    unlink(m, c);
    m.chunks.words[c + STATE] = IN_USE;
    return c;
  }
  return 0;
}

/** In a small bin the first chunk that fits; in a large one the closest in size, the last of equals. 0 if none fits. */
function fittingChunk(m: Ptmalloc, bin: number, align: number, nb: number): number {
  const w = m.chunks.words;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let c = w[bin + FD]!; c !== bin; c = w[c + FD]!) {
    const size = w[c + SIZE]!;
    if (size < nb) {
      break;
    }
    const lead = (align - (m.alignableBlock(c) % align)) % align;
    const fits = lead !== 1 && (size > nb + lead || (size === nb && lead === 0));
    if (!fits) {
      continue;
    }
    if (size < MIN_LARGE_GRANULES) {
      return c;
    }
    const excess = Math.max(size - nb, 1);
    if (excess <= least) {
      least = excess;
      best = c;
    }
  }
  return best;
}

/** Splits off what is below the first aligned chunk within `c` and frees it. Returns the aligned chunk. */
function cutLead(
  m: Ptmalloc,
  av: Arena,
  c: number,
  align: number,
  free: (m: Ptmalloc, av: Arena, lead: number) => void,
): number {
  const lead = leadOf(m, c, align);
  if (lead === 0) {
    return c;
  }
  const aligned = m.chunks.cutAbove(c, lead);
  writeHeader(m, aligned);
  free(m, av, c);
  return aligned;
}

/** Ways A (to 2.37) and B: lead and tail are freed by internalFree. */
function cutFreeing(m: Ptmalloc, av: Arena, chunk: number, align: number, nb: number): number {
  const c = cutLead(m, av, chunk, align, internalFree);
  if (m.chunks.words[c + SIZE]! > nb + MIN_GRANULES) {
    const tail = m.chunks.cutAbove(c, nb);
    writeHeader(m, tail);
    internalFree(m, av, tail);
  }
  return c;
}

/**
 * Ways C (2.38-stable to 2.42) and D (2.43): lead and tail are merged at once. C splits off any tail that can merge
 * upwards, even one of 16 bytes.
 */
function cutMerging(m: Ptmalloc, av: Arena, chunk: number, align: number, nb: number): number {
  const c = cutLead(m, av, chunk, align, mergeLead);
  const w = m.chunks.words;
  const tailSize = w[c + SIZE]! - nb;
  const above = w[w[c + NEXT]! + STATE]!;
  const mayMerge = m.profile.memalign !== "D" && (above === TOP || above === FREE);
  if (tailSize >= MIN_GRANULES || (tailSize > 0 && mayMerge)) {
    const tail = m.chunks.cutAbove(c, nb);
    writeHeader(m, tail);
    trimAfterFree(m, av, createFree(m, av, tail, false));
  }
  return c;
}

function mergeLead(m: Ptmalloc, av: Arena, lead: number): void {
  trimAfterFree(m, av, mergeFree(m, av, lead, false));
}
