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
 * defines the allocator: fastbin, small bin, unsorted scan, own large bin, next larger bin, top, sysmalloc.
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

/**
 * Takes the fastbin's head; further chunks move to the tcache while it has room, which reverses their order (§3.3 A).
 */
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

/** Takes the small bin's oldest chunk; further ones move to the tcache, oldest first (§3.3 B). */
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

/** Takes the last chunk `c` of a bin without nextsize ring and marks it in use. */
function unlinkLast(m: Ptmalloc, bin: number, c: number): void {
  const w = m.chunks.words;
  const bk = w[c + BK]!;
  w[bin + BK] = bk;
  w[bk + FD] = bin;
  w[c + STATE] = IN_USE;
}

/** MAX_ITERS: most chunks that one call bins */
const MAX_ITERS = 10000;

/**
 * The unsorted scan (§3.4), oldest chunk first: exact fits go to the tcache while it has room, else, and since 2.44 always,
 * to the caller; other chunks are binned. Returns the chunk for the caller; 0: the search continues in the bins.
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
      if (m.profile.unsortedFit === "return") {
        return c;
      }
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
 * A small request takes the low part of the last remainder if that is the only unsorted chunk. The remainder keeps the
 * record, and with it the place in the list.
 */
function splitLastRemainder(m: Ptmalloc, av: Arena, remainder: number, nb: number): number {
  const c = m.chunks.cutBelow(remainder, nb);
  av.lastRemainderAddr = m.chunks.words[remainder + ADDR]!;
  writeHeader(m, remainder);
  writeLinks(m, remainder);
  return c;
}

/** Own large bin (§3.5): the smallest size that fits, and the second chunk of that size if there is one. */
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

/** Binmap search (§3.6): the last chunk of the first non-empty bin from `from` up; 0 if all are empty. */
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

/** Returns the low `nb` granules of an unlinked free chunk; a remainder of MINSIZE or more goes to the unsorted bin. */
function splitFree(
  m: Ptmalloc,
  av: Arena,
  c: number,
  nb: number,
  isLastRemainder: boolean,
): number {
  const w = m.chunks.words;
  w[c + STATE] = IN_USE;
  if (w[c + SIZE]! - nb >= MIN_GRANULES) {
    const remainder = m.chunks.cutAbove(c, nb);
    if (isLastRemainder) {
      av.lastRemainderAddr = m.chunks.words[remainder + ADDR]!;
      av.lastRemainderHeap = m.heapOf(remainder).serial;
    }
    writeHeader(m, remainder);
    pushUnsorted(m, av, remainder);
  }
  return c;
}

/**
 * Splits a chunk off the bottom of top. The new top header makes a page resident even if the program writes nothing
 * (§9.2).
 */
export function carveTop(m: Ptmalloc, av: Arena, nb: number): number {
  const c = m.chunks.cutBelow(av.top, nb);
  writeHeader(m, av.top);
  return c;
}
