import type { Arena } from "./arena.ts";
import { arenaGet, arenaGetRetry } from "./arenas.ts";
import { unlink } from "./bins.ts";
import {
  ADDR,
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
 * memalign and its kin (ptmalloc2.md §5.3) for an alignment of 32 bytes or more, a power of two: a chunk large
 * enough to hold an aligned block anywhere in it, cut down to that block. What is cut off is freed.
 */
export function memalignChunk(m: Ptmalloc, align: number, bytes: number, nb: number): number {
  const alignGranules = align / GRANULE;
  if (m.profile.memalignUsesTcache && nb <= m.tcacheMaxGranules) {
    const cached = tcacheTakeAligned(m, m.thread, nb, alignGranules);
    if (cached !== 0) {
      return cached;
    }
  }
  const asked = bytes + align + 32;
  const av = arenaGet(m, asked);
  const c = intMemalign(m, av, alignGranules, nb);
  if (c !== 0 || av === null || !m.multiThreaded) {
    return c;
  }
  return intMemalign(m, arenaGetRetry(m, av, asked), alignGranules, nb);
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
  const merges = m.profile.memalign === "C" || m.profile.memalign === "D";
  return merges ? cutMerging(m, owner, c, align, nb) : cutFreeing(m, owner, c, align, nb);
}

/** The page-aligned mapping holds its chunk at the first aligned place; its tail is not given back. */
function alignMapped(m: Ptmalloc, c: number, align: number): number {
  let lead = align - 1;
  // Before 2.43 a lead below MINSIZE is not made.
  if (lead < MIN_GRANULES && m.profile.memalign !== "D") {
    lead += align;
  }
  m.advanceMapped(c, lead);
  return c;
}

/** Granules from chunk `c` up to the first chunk whose block is aligned, never 1: a lead must hold MINSIZE. */
function leadOf(m: Ptmalloc, c: number, align: number): number {
  const block = m.chunks.words[c + ADDR]! + 1;
  const lead = (align - (block % align)) % align;
  return lead !== 0 && lead < MIN_GRANULES ? lead + align : lead;
}

/** Way B (2.38 as tagged) looks for a free chunk with room for the block in the bins up to twice its size. */
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

/** In a small bin the first that fits; in a large one the closest in size, of equals the last. */
function fittingChunk(m: Ptmalloc, bin: number, align: number, nb: number): number {
  const w = m.chunks.words;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let c = w[bin + FD]!; c !== bin; c = w[c + FD]!) {
    const size = w[c + SIZE]!;
    if (size < nb) {
      break;
    }
    const lead = (align - ((w[c + ADDR]! + 1) % align)) % align;
    const fits = lead !== 1 && (size > nb + lead || (size === nb && lead === 0));
    if (!fits) {
      continue;
    }
    if (size < MIN_LARGE_GRANULES) {
      return c;
    }
    const rest = Math.max(size - nb, 1);
    if (rest <= least) {
      least = rest;
      best = c;
    }
  }
  return best;
}

/** Cuts off what lies below the first aligned chunk within `c`, and has it freed. Returns the aligned chunk. */
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
  const rest = m.chunks.cutAbove(c, lead);
  writeHeader(m, rest);
  free(m, av, c);
  return rest;
}

/** Way A (to 2.37), and B: lead and tail go the way of an ordinary free, into the tcache first. */
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
 * Ways C (2.38-stable to 2.42) and D (2.43): lead and tail are merged at once. C gives back any tail that can merge
 * upwards, even of 16 bytes.
 */
function cutMerging(m: Ptmalloc, av: Arena, chunk: number, align: number, nb: number): number {
  const c = cutLead(m, av, chunk, align, mergeLead);
  const w = m.chunks.words;
  const tail = w[c + SIZE]! - nb;
  const above = w[w[c + NEXT]! + STATE]!;
  const mayMerge = m.profile.memalign !== "D" && (above === TOP || above === FREE);
  if (tail >= MIN_GRANULES || (tail > 0 && mayMerge)) {
    const rest = m.chunks.cutAbove(c, nb);
    writeHeader(m, rest);
    trimAfterFree(m, av, createFree(m, av, rest, false));
  }
  return c;
}

function mergeLead(m: Ptmalloc, av: Arena, lead: number): void {
  trimAfterFree(m, av, mergeFree(m, av, lead, false));
}
