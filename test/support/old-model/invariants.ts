import type { Arena } from "./arena.ts";
import { FASTBIN_COUNT } from "./arena.ts";
import { walkHeap } from "./census.ts";
import {
  ADDR,
  BK,
  BK_NEXTSIZE,
  CACHED,
  FAST,
  FD,
  FD_NEXTSIZE,
  FENCE,
  FREE,
  GRANULE,
  HEAP,
  IN_USE,
  MAPPED,
  MIN_GRANULES,
  MIN_LARGE_GRANULES,
  NEXT,
  PREV,
  SIZE,
  SMALLEST_PAGE,
  STATE,
  STRIDE,
  TOP,
  UNLOGGED,
} from "./chunks.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, PLANES } from "./resident.ts";
import { BIN_COUNT, binIndex, UNSORTED } from "./size-classes.ts";

/**
 * Checks everything that holds for a process between two calls. For tests: walks all of it.
 * @throws Error that names the first violation
 */
export function checkInvariants(m: Ptmalloc): void {
  const seen = { free: 0, cached: 0, fast: 0, inUseGranules: 0, unloggedGranules: 0 };
  let systemBytes = m.mappedBytes;
  for (const av of m.arenas) {
    systemBytes += av.systemMem;
    for (const heap of av.heaps) {
      checkHeap(m, heap, seen);
    }
    if (av.top !== 0) {
      must(m.chunks.words[av.top + STATE] === TOP, "top has state TOP", av.id);
    }
  }
  must(
    systemBytes === m.systemBytes,
    "system bytes are the sum of arenas and mappings",
    systemBytes,
  );
  must(countBinned(m) === seen.free, "every free chunk is on one bin's list", seen.free);
  must(countFast(m) === seen.fast, "every fast chunk is in a fastbin", seen.fast);
  must(countCached(m) === seen.cached, "every cached chunk is in a tcache", seen.cached);
  let structs = 0;
  let mappedStructs = 0;
  for (const struct of m.tcacheStructs()) {
    structs += m.chunks.words[struct + SIZE]!;
    if (m.chunks.words[struct + STATE] === MAPPED) {
      mappedStructs += m.mappingOf(struct).totalBytes;
    }
  }
  must(
    mappedStructs === m.mappedStructBytes,
    "mappedStructBytes counts mapped structs",
    mappedStructs,
  );
  must(
    seen.inUseGranules - structs === m.inUseGranules,
    "inUseGranules counts what the program holds",
    structs,
  );
  must(seen.unloggedGranules === m.unloggedGranules, "unloggedGranules counts UNLOGGED chunks", 0);
  checkPages(m);
}

function must(holds: boolean, what: string, at: number): void {
  if (!holds) {
    throw new Error(`invariant broken: ${what} (at ${at})`);
  }
}

interface Seen {
  free: number;
  cached: number;
  fast: number;
  inUseGranules: number;
  unloggedGranules: number;
}

/** Chunks fill their heap, free ones are not adjacent, and the page of every header is resident. */
function checkHeap(m: Ptmalloc, heap: Heap, seen: Seen): void {
  const w = m.chunks.words;
  walkHeap(m, heap, (c) => {
    const size = w[c + SIZE]!;
    const state = w[c + STATE]!;
    const below = w[c + PREV]!;
    must(w[c + HEAP] === heap.id, "a chunk refers to its heap", c);
    // An UNLOGGED record may be part of a chunk.
    const least = state === FENCE || state === UNLOGGED ? 0 : MIN_GRANULES;
    must(size >= least, "a chunk has at least MINSIZE", c);
    must(heap.pages.get(w[c + ADDR]! >> m.pageShift) === EVERY_PLANE, "headers are resident", c);
    if (below !== 0) {
      must(w[below + NEXT] === c, "neighbours are linked both ways", c);
      must(w[below + ADDR]! + w[below + SIZE]! === w[c + ADDR], "chunks leave no gap", c);
      const bothFree = w[below + STATE] === FREE && (state === FREE || state === TOP);
      must(!bothFree, "free chunks are merged", c);
    }
    if (state === FREE) {
      seen.free++;
    } else if (state === CACHED) {
      seen.cached++;
    } else if (state === FAST) {
      seen.fast++;
    } else if (state === IN_USE) {
      seen.inUseGranules += size;
    } else if (state === UNLOGGED) {
      seen.unloggedGranules += size;
    } else {
      must(state === TOP || state === FENCE, "a chunk has a known state", c);
    }
  });
  if (heap.kind !== "break") {
    const { end } = heap;
    must(
      (w[end + ADDR]! + w[end + SIZE]!) * GRANULE === heap.size,
      "chunks fill the heap",
      heap.id,
    );
  }
}

/** Counts the chunks in bins, and checks each bin's sizes and order. */
function countBinned(m: Ptmalloc): number {
  let count = 0;
  for (const av of m.arenas) {
    for (let index = UNSORTED; index < BIN_COUNT; index++) {
      count += checkBin(m, av, index);
    }
  }
  return count;
}

function checkBin(m: Ptmalloc, av: Arena, index: number): number {
  const w = m.chunks.words;
  const bin = av.bins + index * STRIDE;
  let count = 0;
  let last = Number.POSITIVE_INFINITY;
  for (let c = w[bin + FD]!; c !== bin; c = w[c + FD]!) {
    const size = w[c + SIZE]!;
    must(w[c + STATE] === FREE, "a bin holds free chunks", c);
    must(w[w[c + FD]! + BK] === c, "lists are linked both ways", c);
    must(m.heapOf(c).arena === av, "a bin holds its arena's chunks", c);
    if (index !== UNSORTED) {
      must(binIndex(size) === index, "a chunk is in the bin of its size", c);
      must(
        ((av.binmap[index >> 5]! >> (index & 31)) & 1) === 1,
        "the binmap has the bit of a filled bin",
        index,
      );
      must(size <= last, "a bin is sorted", c);
      if (size >= MIN_LARGE_GRANULES) {
        checkNextsize(m, c, size !== last);
      }
      last = size;
    }
    count++;
  }
  return count;
}

/** The first chunk of each size is in the nextsize ring, and no other. */
function checkNextsize(m: Ptmalloc, c: number, first: boolean): void {
  const w = m.chunks.words;
  const smaller = w[c + FD_NEXTSIZE]!;
  must((smaller !== 0) === first, "the first of a size represents it", c);
  if (first) {
    must(w[smaller + BK_NEXTSIZE] === c, "the nextsize ring is linked both ways", c);
  }
}

function countFast(m: Ptmalloc): number {
  const w = m.chunks.words;
  let count = 0;
  for (const av of m.arenas) {
    for (let index = 0; index < FASTBIN_COUNT; index++) {
      for (let c = av.fastbins[index]!; c !== 0; c = w[c + FD]!) {
        must(w[c + STATE] === FAST && w[c + SIZE] === index + 2, "a fastbin holds its size", c);
        must(av.haveFastchunks, "haveFastchunks is set while a fastbin is filled", av.id);
        count++;
      }
    }
  }
  return count;
}

function countCached(m: Ptmalloc): number {
  const w = m.chunks.words;
  let count = 0;
  const { bins } = m.threads;
  for (const thread of m.threads.all()) {
    for (let index = 0; index < thread.bins; index++) {
      let inBin = 0;
      for (let c = bins.head(thread, index); c !== 0; c = w[c + FD]!) {
        must(
          w[c + STATE] === CACHED && w[c + SIZE] === index + 2,
          "a tcache bin holds its size",
          c,
        );
        inBin++;
      }
      must(inBin === bins.count(thread, index), "a tcache bin has the right count", index);
      count += inBin;
    }
  }
  return count;
}

/** Resident pages lie in their heap, and the counters agree with heaps and mappings. */
function checkPages(m: Ptmalloc): void {
  for (let bit = 0; bit < PLANES; bit++) {
    const plane = 1 << bit;
    const counted = m.resident.pages[bit]!;
    let pages = 0;
    for (const av of m.arenas) {
      for (const heap of av.heaps) {
        // A huge page may reach up to the past maximum of a heap.
        const end = m.hugePages ? Math.max(heap.size, heap.mprotectSize) : heap.size;
        const within = Math.ceil(end / m.pageBytes);
        heap.pages.eachRun(0, heap.pages.length, (from, to, planes) => {
          if ((planes & plane) === 0) {
            return;
          }
          must(to <= within, "resident pages lie in the heap", to - 1);
          pages += to - from;
        });
      }
    }
    for (const mapping of m.mappings) {
      if (mapping !== null) {
        pages += mapping.pages(plane);
      }
    }
    const resident = (pages * m.pageBytes) / SMALLEST_PAGE;
    must(resident === counted, "resident pages have the right count", resident - counted);
  }
}
