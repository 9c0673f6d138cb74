import type { Arena } from "./arena.ts";
import { arenaGet, arenaGetRetry } from "./arenas.ts";
import { ADDR, FREE, GRANULE, MAPPED, MIN_GRANULES, NEXT, SIZE, STATE, TOP } from "./chunks.ts";
import { createFree, internalFree, mergeFree } from "./free.ts";
import { intMalloc } from "./malloc.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { writeHeader } from "./resident.ts";
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
    if (cached !== 0) return cached;
  }
  const asked = bytes + align + 32;
  const av = arenaGet(m, asked);
  const c = intMemalign(m, av, alignGranules, nb);
  if (c !== 0 || av === null || !m.multiThreaded) return c;
  return intMemalign(m, arenaGetRetry(m, av, asked), alignGranules, nb);
}

function intMemalign(m: Ptmalloc, av: Arena | null, align: number, nb: number): number {
  const bytes = nb * GRANULE + align * GRANULE + 32;
  const c = intMalloc(m, av, m.granulesFor(bytes));
  if (c === 0) return 0;
  m.perturb(c, bytes);
  if (m.chunks.words[c + STATE] === MAPPED) return alignMapped(m, c, align);
  const owner = m.heapOf(c).arena;
  return m.profile.memalign === "A"
    ? cutFreeing(m, owner, c, align, nb)
    : cutMerging(m, owner, c, align, nb);
}

/** The page-aligned mapping holds its chunk at the first aligned place; its tail is not given back. */
function alignMapped(m: Ptmalloc, c: number, align: number): number {
  let lead = align - 1;
  // Before 2.43 a lead below MINSIZE is not made.
  if (lead < MIN_GRANULES && m.profile.memalign !== "D") lead += align;
  m.advanceMapped(c, lead);
  return c;
}

/** Granules from chunk `c` up to the first chunk whose block is aligned, never 1: a lead must hold MINSIZE. */
function leadOf(m: Ptmalloc, c: number, align: number): number {
  const block = m.chunks.words[c + ADDR]! + 1;
  const lead = (align - (block % align)) % align;
  return lead !== 0 && lead < MIN_GRANULES ? lead + align : lead;
}

/** Way A (to 2.37): lead and tail go the way of an ordinary free, into the tcache first. */
function cutFreeing(m: Ptmalloc, av: Arena, chunk: number, align: number, nb: number): number {
  let c = chunk;
  const lead = leadOf(m, c, align);
  if (lead > 0) {
    const rest = m.chunks.cutAbove(c, lead);
    writeHeader(m, rest);
    internalFree(m, av, c);
    c = rest;
  }
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
  let c = chunk;
  const lead = leadOf(m, c, align);
  if (lead > 0) {
    const rest = m.chunks.cutAbove(c, lead);
    writeHeader(m, rest);
    trimAfterFree(m, av, mergeFree(m, av, c, false));
    c = rest;
  }
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
