import { Arena, binmap, FASTBIN_COUNT, fastbin, setBinmap, setFastbin } from "./arena";
import { binChunk, pushUnsorted, unlink, writeLinks } from "./bins";
import {
  bkNextsize,
  cutAbove,
  cutBelow,
  IN_USE,
  MIN_GRANULES,
  MIN_LARGE_GRANULES,
  rec,
  STRIDE,
} from "./chunks";
import { consolidate } from "./consolidate";
import { heapOf } from "./heap";
import { m, par, profile } from "./model";
import { FIT_RETURN, TCACHE_LAZY } from "./profile";
import { writeHeader } from "./resident";
import { BIN_COUNT, binIndex, largeBinIndex, UNSORTED } from "./size-classes";
import { sysmalloc } from "./sysmalloc";
import { tcacheHasRoom, tcacheInitWithin, tcachePop, tcachePush } from "./tcache";
import { INACTIVE } from "./thread";

/**
 * _int_malloc (ptmalloc2.md §3.3–§3.6): a chunk of `nb` granules from arena `av`; 0 for NULL. The order of the steps
 * defines the allocator: fastbin, small bin, unsorted scan, own large bin, next larger bin, top, sysmalloc.
 */
export function intMalloc(av: Arena, nb: i32): i32 {
  let idx = 0;
  if (nb <= m.maxFastGranules) {
    const c = takeFast(av, nb);
    if (c !== 0) {
      return c;
    }
  }
  if (nb < MIN_LARGE_GRANULES) {
    idx = nb;
    const bin = av.bins + nb * STRIDE;
    const c = rec(bin).bk;
    if (c !== bin) {
      return takeSmall(av, nb, bin, c);
    }
  } else {
    idx = largeBinIndex(nb);
    if (av.haveFastchunks) {
      consolidate(av);
    }
  }
  while (true) {
    const fit = scanUnsorted(av, nb);
    if (fit !== 0) {
      return fit;
    }
    if (nb >= MIN_LARGE_GRANULES) {
      const c = takeLarge(av, nb, idx);
      if (c !== 0) {
        return c;
      }
    }
    const c = takeNextBin(av, nb, idx + 1);
    if (c !== 0) {
      return c;
    }
    // nb may be HUGE_GRANULES.
    if (<i64>rec(av.top).size >= <i64>nb + MIN_GRANULES) {
      return carveTop(av, nb);
    }
    if (!av.haveFastchunks) {
      return sysmalloc(av, nb);
    }
    consolidate(av);
    idx = binIndex(nb);
  }
}

/**
 * Takes the fastbin's head; further chunks move to the tcache while it has room, which reverses their order (§3.3 A).
 */
function takeFast(av: Arena, nb: i32): i32 {
  const index = nb - MIN_GRANULES;
  if (index >= FASTBIN_COUNT) {
    return 0;
  }
  const c = fastbin(av, index);
  if (c === 0) {
    return 0;
  }
  setFastbin(av, index, rec(c).fd);
  rec(c).state = IN_USE;
  const thread = m.thread;
  while (tcacheHasRoom(thread, nb)) {
    const more = fastbin(av, index);
    if (more === 0) {
      break;
    }
    setFastbin(av, index, rec(more).fd);
    tcachePush(thread, nb, more);
  }
  return c;
}

/** Takes the small bin's oldest chunk; further ones move to the tcache, oldest first (§3.3 B). */
function takeSmall(av: Arena, nb: i32, bin: i32, c: i32): i32 {
  unlinkLast(bin, c);
  const thread = m.thread;
  if (profile.tcache === TCACHE_LAZY && thread.tcache === INACTIVE && nb <= m.stashMaxGranules) {
    tcacheInitWithin(av);
  }
  while (tcacheHasRoom(thread, nb)) {
    const more = rec(bin).bk;
    if (more === bin) {
      break;
    }
    unlinkLast(bin, more);
    tcachePush(thread, nb, more);
  }
  return c;
}

/** Takes the last chunk `c` of a bin without nextsize ring and marks it in use. */
function unlinkLast(bin: i32, c: i32): void {
  const bk = rec(c).bk;
  rec(bin).bk = bk;
  rec(bk).fd = bin;
  rec(c).state = IN_USE;
}

/** MAX_ITERS: most chunks that one call bins */
const MAX_ITERS: i32 = 10000;

/**
 * The unsorted scan (§3.4), oldest chunk first: exact fits go to the tcache while it has room, else, and since 2.44 always,
 * to the caller; other chunks are binned. Returns the chunk for the caller; 0: the search continues in the bins.
 */
function scanUnsorted(av: Arena, nb: i32): i32 {
  const unsorted = av.bins + UNSORTED * STRIDE;
  const thread = m.thread;
  let cached = false;
  let binned = 0;
  while (true) {
    const c = rec(unsorted).bk;
    if (c === unsorted) {
      break;
    }
    const size = rec(c).size;
    if (
      nb < MIN_LARGE_GRANULES &&
      size > nb + MIN_GRANULES &&
      rec(c).bk === unsorted &&
      rec(c).addr === av.lastRemainderAddr &&
      heapOf(c).serial === av.lastRemainderHeap
    ) {
      return splitLastRemainder(av, c, nb);
    }
    unlinkLast(unsorted, c);
    if (size === nb) {
      if (profile.unsortedFit === FIT_RETURN) {
        return c;
      }
      if (profile.tcache === TCACHE_LAZY && thread.tcache === INACTIVE) {
        tcacheInitWithin(av);
      }
      if (!tcacheHasRoom(thread, nb)) {
        return c;
      }
      tcachePush(thread, nb, c);
      cached = true;
      continue;
    }
    binChunk(av, c);
    binned++;
    if (cached && par.tcacheUnsortedLimit > 0 && <f64>binned > par.tcacheUnsortedLimit) {
      break;
    }
    if (binned >= MAX_ITERS) {
      break;
    }
  }
  return cached ? tcachePop(thread, nb) : 0;
}

/**
 * A small request takes the low part of the last remainder if that is the only unsorted chunk. The remainder keeps the
 * record, and with it the place in the list.
 */
function splitLastRemainder(av: Arena, remainder: i32, nb: i32): i32 {
  const c = cutBelow(remainder, nb);
  av.lastRemainderAddr = rec(remainder).addr;
  writeHeader(remainder);
  writeLinks(remainder);
  return c;
}

/** Own large bin (§3.5): the smallest size that fits, and the second chunk of that size if there is one. */
function takeLarge(av: Arena, nb: i32, index: i32): i32 {
  const bin = av.bins + index * STRIDE;
  const largest = rec(bin).fd;
  if (largest === bin || rec(largest).size < nb) {
    return 0;
  }
  let c = bkNextsize(largest);
  while (rec(c).size < nb) {
    c = bkNextsize(c);
  }
  if (c !== rec(bin).bk && rec(c).size === rec(rec(c).fd).size) {
    c = rec(c).fd;
  }
  unlink(c);
  return splitFree(av, c, nb, false);
}

/** Binmap search (§3.6): the last chunk of the first non-empty bin from `from` up; 0 if all are empty. */
function takeNextBin(av: Arena, nb: i32, from: i32): i32 {
  let block = from >> 5;
  let bits = binmap(av, block) & (-1 << (from & 31));
  while (true) {
    while (bits === 0) {
      if (++block >= BIN_COUNT / 32) {
        return 0;
      }
      bits = binmap(av, block);
    }
    const bit = bits & -bits;
    const bin = av.bins + (block * 32 + ctz(bits)) * STRIDE;
    const c = rec(bin).bk;
    if (c !== bin) {
      unlink(c);
      return splitFree(av, c, nb, nb < MIN_LARGE_GRANULES);
    }
    setBinmap(av, block, binmap(av, block) & ~bit);
    bits &= ~bit;
  }
}

/** Returns the low `nb` granules of an unlinked free chunk; a remainder of MINSIZE or more goes to the unsorted bin. */
function splitFree(av: Arena, c: i32, nb: i32, isLastRemainder: bool): i32 {
  rec(c).state = IN_USE;
  if (rec(c).size - nb >= MIN_GRANULES) {
    const remainder = cutAbove(c, nb);
    if (isLastRemainder) {
      av.lastRemainderAddr = rec(remainder).addr;
      av.lastRemainderHeap = heapOf(remainder).serial;
    }
    writeHeader(remainder);
    pushUnsorted(av, remainder);
  }
  return c;
}

/**
 * Splits a chunk off the bottom of top. The new top header makes a page resident even if the program writes nothing
 * (§9.2).
 */
export function carveTop(av: Arena, nb: i32): i32 {
  const c = cutBelow(av.top, nb);
  writeHeader(av.top);
  return c;
}
