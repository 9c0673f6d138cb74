import { allocate, release } from "../../wasm/core/store";
import { Thread } from "./thread";

/** TCACHE_MAX_BINS: bins with one size each. The 12 large bins of 2.42 and later are not modelled. */
const MOST_BINS: i32 = 64;
/** Bins that a thread has at first: those of chunks up to 272 bytes. */
const FIRST_BINS: i32 = 16;

/**
 * The bins of a thread's tcache (ptmalloc2.md §2.6), each the head of a LIFO list and the number of its chunks; bin i holds
 * chunks of i + 2 granules. A log may have many thousand threads: a thread gets bins when it first caches a chunk, and those
 * of large chunks when it first caches such a chunk.
 */

/** The newest chunk in bin `index` of the thread; 0: it is empty. */
export function binHead(thread: Thread, index: i32): i32 {
  return index < thread.bins ? load<i32>(thread.heads + ((<usize>index) << 2)) : 0;
}

export function binCount(thread: Thread, index: i32): i32 {
  return index < thread.bins ? <i32>load<u16>(thread.counts + ((<usize>index) << 1)) : 0;
}

/** Makes `c` the newest chunk in the bin. Returns the one that was; 0: none. */
export function pushToBin(thread: Thread, index: i32, c: i32): i32 {
  if (index >= thread.bins) {
    growBins(thread, index < FIRST_BINS ? FIRST_BINS : MOST_BINS);
  }
  const head = thread.heads + ((<usize>index) << 2);
  const before = load<i32>(head);
  store<i32>(head, c);
  const count = thread.counts + ((<usize>index) << 1);
  store<u16>(count, load<u16>(count) + 1);
  return before;
}

/** Takes a chunk off the bin, whose newest one is `head` then. */
export function takeFromBin(thread: Thread, index: i32, head: i32): void {
  store<i32>(thread.heads + ((<usize>index) << 2), head);
  const count = thread.counts + ((<usize>index) << 1);
  store<u16>(count, load<u16>(count) - 1);
}

/** Gives the thread's bins back; they must be empty. */
export function releaseBins(thread: Thread): void {
  if (thread.bins > 0) {
    release(thread.heads, bytesOfBins(thread.bins));
  }
  thread.heads = 0;
  thread.counts = 0;
  thread.bins = 0;
}

/** Gives the thread `bins` bins in place of those that it has. */
function growBins(thread: Thread, bins: i32): void {
  const heads = allocate(bytesOfBins(bins));
  const counts = heads + <usize>bins * 4;
  memory.copy(heads, thread.heads, (<usize>thread.bins) << 2);
  memory.copy(counts, thread.counts, (<usize>thread.bins) << 1);
  releaseBins(thread);
  thread.heads = heads;
  thread.counts = counts;
  thread.bins = bins;
}

/** A head has four bytes, a count two. */
function bytesOfBins(bins: i32): usize {
  return <usize>bins * 6;
}
