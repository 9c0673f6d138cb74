import type { Arena } from "./arena.ts";
import { FASTBIN_COUNT } from "./arena.ts";
import { binChunk, pushUnsorted, unlink, writeLinks } from "./bins.ts";
import {
  ADDR,
  BK,
  BK_NEXTSIZE,
  FD,
  IN_USE,
  MIN_GRANULES,
  MIN_LARGE_GRANULES,
  SIZE,
  STATE,
  STRIDE,
} from "./chunks.ts";
import { consolidate } from "./consolidate.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { writeHeader } from "./resident.ts";
import { BIN_COUNT, binIndex, largeBinIndex, UNSORTED } from "./size-classes.ts";
import { mapChunk, sysmalloc } from "./sysmalloc.ts";
import { tcacheHasRoom, tcacheInitWithin, tcachePop, tcachePush } from "./tcache.ts";

/**
 * _int_malloc (ptmalloc2.md §3.3–§3.6): a chunk of `nb` granules from arena `av`; 0 for NULL. The order of the steps
 * is the allocator: fastbin, small bin, unsorted scan, own large bin, next larger bin, top, system.
 */
export function intMalloc(m: Ptmalloc, av: Arena | null, nb: number): number {
  if (av === null) {
    return mapChunk(m, nb);
  }
  let idx: number;
  if (nb <= m.maxFastGranules) {
    const c = takeFast(m, av, nb);
    if (c !== 0) {
      return c;
    }
  }
  if (nb < MIN_LARGE_GRANULES) {
    idx = nb;
    const bin = av.bins + nb * STRIDE;
    const c = m.chunks.words[bin + BK]!;
    if (c !== bin) {
      return takeSmall(m, av, nb, bin, c);
    }
  } else {
    idx = largeBinIndex(nb);
    if (av.haveFastchunks) {
      consolidate(m, av);
    }
  }
  for (;;) {
    const fit = scanUnsorted(m, av, nb);
    if (fit !== 0) {
      return fit;
    }
    if (nb >= MIN_LARGE_GRANULES) {
      const c = takeLarge(m, av, nb, idx);
      if (c !== 0) {
        return c;
      }
    }
    const c = takeNextBin(m, av, nb, idx + 1);
    if (c !== 0) {
      return c;
    }
    if (m.chunks.words[av.top + SIZE]! >= nb + MIN_GRANULES) {
      return carveTop(m, av, nb);
    }
    if (!av.haveFastchunks) {
      return sysmalloc(m, av, nb);
    }
    consolidate(m, av);
    idx = binIndex(nb);
  }
}

/** Fastbin head; the rest of the bin moves to the tcache while it has room, which reverses its order (§3.3 A). */
function takeFast(m: Ptmalloc, av: Arena, nb: number): number {
  const index = nb - MIN_GRANULES;
  if (index >= FASTBIN_COUNT) {
    return 0;
  }
  const c = av.fastbins[index]!;
  if (c === 0) {
    return 0;
  }
  const w = m.chunks.words;
  av.fastbins[index] = w[c + FD]!;
  w[c + STATE] = IN_USE;
  const thread = m.thread;
  while (tcacheHasRoom(m, thread, nb)) {
    const more: number = av.fastbins[index]!;
    if (more === 0) {
      break;
    }
    av.fastbins[index] = w[more + FD]!;
    tcachePush(m, thread, nb, more);
  }
  return c;
}

/** Oldest chunk of the small bin; further ones move to the tcache, oldest first (§3.3 B). */
function takeSmall(m: Ptmalloc, av: Arena, nb: number, bin: number, c: number): number {
  unlinkLast(m, bin, c);
  const thread = m.thread;
  if (m.profile.tcache === "lazy" && thread.tcache === "inactive" && nb <= m.stashMaxGranules) {
    tcacheInitWithin(m, av);
  }
  while (tcacheHasRoom(m, thread, nb)) {
    const more = m.chunks.words[bin + BK]!;
    if (more === bin) {
      break;
    }
    unlinkLast(m, bin, more);
    tcachePush(m, thread, nb, more);
  }
  return c;
}

/** Takes the last chunk of a list that has no nextsize ring, and marks it in use. */
function unlinkLast(m: Ptmalloc, bin: number, c: number): void {
  const w = m.chunks.words;
  const bk = w[c + BK]!;
  w[bin + BK] = bk;
  w[bk + FD] = bin;
  w[c + STATE] = IN_USE;
}

/** MAX_ITERS: the most chunks one call bins */
const MAX_ITERS = 10000;

/**
 * The unsorted scan (§3.4), oldest chunk first: exact fits are taken (into the tcache while it has room), all others
 * are binned. Returns the chunk served, or 0 when the search goes on in the bins.
 */
function scanUnsorted(m: Ptmalloc, av: Arena, nb: number): number {
  const unsorted = av.bins + UNSORTED * STRIDE;
  const thread = m.thread;
  let cached = false;
  let binned = 0;
  for (;;) {
    const w = m.chunks.words;
    const c = w[unsorted + BK]!;
    if (c === unsorted) {
      break;
    }
    const size = w[c + SIZE]!;
    if (
      nb < MIN_LARGE_GRANULES &&
      size > nb + MIN_GRANULES &&
      w[c + BK] === unsorted &&
      w[c + ADDR] === av.lastRemainderAddr &&
      m.heapOf(c).serial === av.lastRemainderHeap
    ) {
      return splitLastRemainder(m, av, c, nb);
    }
    unlinkLast(m, unsorted, c);
    if (size === nb) {
      if (m.profile.tcache === "lazy" && thread.tcache === "inactive") {
        tcacheInitWithin(m, av);
      }
      if (!tcacheHasRoom(m, thread, nb)) {
        return c;
      }
      tcachePush(m, thread, nb, c);
      cached = true;
      continue;
    }
    binChunk(m, av, c);
    binned++;
    if (cached && m.par.tcacheUnsortedLimit > 0 && binned > m.par.tcacheUnsortedLimit) {
      break;
    }
    if (binned >= MAX_ITERS) {
      break;
    }
  }
  return cached ? tcachePop(m, thread, nb) : 0;
}

/**
 * A small request takes the low part of the last remainder when that is the only unsorted chunk. The record stays
 * with the rest, so that its place in the list need not change.
 */
function splitLastRemainder(m: Ptmalloc, av: Arena, rest: number, nb: number): number {
  const c = m.chunks.cutBelow(rest, nb);
  av.lastRemainderAddr = m.chunks.words[rest + ADDR]!;
  writeHeader(m, rest);
  writeLinks(m, rest);
  return c;
}

/** Own large bin (§3.5): the smallest size that fits, and of its run the second chunk if there is one. */
function takeLarge(m: Ptmalloc, av: Arena, nb: number, index: number): number {
  const w = m.chunks.words;
  const bin = av.bins + index * STRIDE;
  const largest = w[bin + FD]!;
  if (largest === bin || w[largest + SIZE]! < nb) {
    return 0;
  }
  let c = w[largest + BK_NEXTSIZE]!;
  while (w[c + SIZE]! < nb) {
    c = w[c + BK_NEXTSIZE]!;
  }
  if (c !== w[bin + BK] && w[c + SIZE] === w[w[c + FD]! + SIZE]) {
    c = w[c + FD]!;
  }
  unlink(m, c);
  return splitFree(m, av, c, nb, false);
}

/** Binmap walk (§3.6): the last chunk of the first non-empty bin from `from` up; 0 if all are empty. */
function takeNextBin(m: Ptmalloc, av: Arena, nb: number, from: number): number {
  const w = m.chunks.words;
  let block = from >> 5;
  let bits = av.binmap[block]! & (-1 << (from & 31));
  for (;;) {
    while (bits === 0) {
      if (++block >= BIN_COUNT / 32) {
        return 0;
      }
      bits = av.binmap[block]!;
    }
    const bit = bits & -bits;
    const bin = av.bins + (block * 32 + 31 - Math.clz32(bit)) * STRIDE;
    const c = w[bin + BK]!;
    if (c !== bin) {
      unlink(m, c);
      return splitFree(m, av, c, nb, nb < MIN_LARGE_GRANULES);
    }
    av.binmap[block]! &= ~bit;
    bits &= ~bit;
  }
}

/** Hands out the low `nb` granules of an unlinked free chunk; a rest of MINSIZE or more goes to unsorted. */
function splitFree(m: Ptmalloc, av: Arena, c: number, nb: number, remember: boolean): number {
  const w = m.chunks.words;
  w[c + STATE] = IN_USE;
  if (w[c + SIZE]! - nb >= MIN_GRANULES) {
    const rest = m.chunks.cutAbove(c, nb);
    if (remember) {
      av.lastRemainderAddr = m.chunks.words[rest + ADDR]!;
      av.lastRemainderHeap = m.heapOf(rest).serial;
    }
    writeHeader(m, rest);
    pushUnsorted(m, av, rest);
  }
  return c;
}

/** The bottom of top; the new top header is the page that makes untouched allocations cost memory (§9.2). */
export function carveTop(m: Ptmalloc, av: Arena, nb: number): number {
  const c = m.chunks.cutBelow(av.top, nb);
  writeHeader(m, av.top);
  return c;
}
