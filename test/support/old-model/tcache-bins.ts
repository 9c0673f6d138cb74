import type { Thread } from "./thread.ts";

/** TCACHE_MAX_BINS: bins with one size each. The 12 large bins of 2.42 and later are not modelled. */
const MOST_BINS = 64;
/** Bins that a thread has at first: those of chunks up to 272 bytes. */
const FIRST_BINS = 16;

/**
 * The bins of all threads' tcaches (ptmalloc2.md §2.6), each the head of a LIFO list and the number of its chunks; bin i
 * holds chunks of i + 2 granules. They are in two arrays, because a log may have many thousand threads, and arrays for each
 * thread would take more memory than what is in them. A thread gets bins when it first caches a chunk.
 */
export class TcacheBins {
  #heads = new Int32Array(FIRST_BINS);
  #counts = new Uint16Array(FIRST_BINS);
  /** bins in use, and given back: of the first size, and of the larger one */
  #end = 0;
  #free: number[] = [];
  #freeLarge: number[] = [];

  /** A copy: `recycled`, which must not be in use elsewhere, if there is one; else a new object. */
  clone(recycled: TcacheBins | null = null): TcacheBins {
    const copy = recycled ?? new TcacheBins();
    if (copy.#heads.length === this.#heads.length) {
      copy.#heads.set(this.#heads);
      copy.#counts.set(this.#counts);
    } else {
      copy.#heads = this.#heads.slice();
      copy.#counts = this.#counts.slice();
    }
    copy.#end = this.#end;
    copy.#free = [...this.#free];
    copy.#freeLarge = [...this.#freeLarge];
    return copy;
  }

  /** The newest chunk in bin `index` of the thread; 0: it is empty. */
  head({ firstBin, bins }: Thread, index: number): number {
    return index < bins ? this.#heads[firstBin + index]! : 0;
  }

  count({ firstBin, bins }: Thread, index: number): number {
    return index < bins ? this.#counts[firstBin + index]! : 0;
  }

  /** Sets the newest chunk in the bin (0: none) and the number of its chunks. */
  set(thread: Thread, index: number, head: number, count: number): void {
    if (index >= thread.bins) {
      this.#grow(thread, index < FIRST_BINS ? FIRST_BINS : MOST_BINS);
    }
    this.#heads[thread.firstBin + index] = head;
    this.#counts[thread.firstBin + index] = count;
  }

  /** Makes `c` the newest chunk in the bin. Returns the one that was; 0: none. */
  push(thread: Thread, index: number, c: number): number {
    if (index >= thread.bins) {
      this.#grow(thread, index < FIRST_BINS ? FIRST_BINS : MOST_BINS);
    }
    const bin = thread.firstBin + index;
    const before = this.#heads[bin]!;
    this.#heads[bin] = c;
    this.#counts[bin]!++;
    return before;
  }

  /** Takes a chunk off the bin, whose newest one is `head` then. */
  take({ firstBin }: Thread, index: number, head: number): void {
    this.#heads[firstBin + index] = head;
    this.#counts[firstBin + index]!--;
  }

  /** Gives the thread's bins back; they must be empty. */
  release(thread: Thread): void {
    if (thread.bins > 0) {
      this.#freeOf(thread.bins).push(thread.firstBin);
    }
    thread.firstBin = 0;
    thread.bins = 0;
  }

  #freeOf(bins: number): number[] {
    return bins === FIRST_BINS ? this.#free : this.#freeLarge;
  }

  /** Gives the thread `bins` bins in place of those that it has. */
  #grow(thread: Thread, bins: number): void {
    const { firstBin: from, bins: before } = thread;
    const to = this.#freeOf(bins).pop() ?? this.#extend(bins);
    this.#heads.copyWithin(to, from, from + before);
    this.#counts.copyWithin(to, from, from + before);
    this.#heads.fill(0, from, from + before);
    this.#counts.fill(0, from, from + before);
    this.release(thread);
    thread.firstBin = to;
    thread.bins = bins;
  }

  /** Returns the first of `bins` bins that were never used. */
  #extend(bins: number): number {
    const first = this.#end;
    this.#end += bins;
    if (this.#end > this.#heads.length) {
      const heads = new Int32Array(2 * this.#end);
      const counts = new Uint16Array(2 * this.#end);
      heads.set(this.#heads);
      counts.set(this.#counts);
      this.#heads = heads;
      this.#counts = counts;
    }
    return first;
  }
}
