import type { Chunks } from "./chunks.ts";
import { BIN, BK, FD, FD_NEXTSIZE, SIZE, STATE, STRIDE } from "./chunks.ts";
import { copyScalars } from "./copy-scalars.ts";
import type { Heap } from "./heap.ts";
import { BIN_COUNT } from "./size-classes.ts";

/** NFASTBINS: chunks of 32, 48 … 176 bytes */
export const FASTBIN_COUNT = 10;

/** malloc_state (ptmalloc2.md §2.2). */
export class Arena {
  /** 0 is the main arena; others in order of creation */
  readonly id: number;
  /** the record of the top chunk; 0 while the main arena has none */
  top = 0;
  /** heads of the fastbins' lists, LIFO */
  readonly fastbins = new Int32Array(FASTBIN_COUNT);
  /** set by a free to a fastbin, cleared by consolidation only: it may be true while all are empty */
  haveFastchunks = false;
  /** index of the head record of bin 0; bin i is at `bins + i * STRIDE` */
  readonly bins: number;
  /** bit i set: bin i may hold chunks; a clear bit is always true */
  readonly binmap = new Int32Array(BIN_COUNT / 32);
  /** heap serial and granule of last_remainder; compared as an address, and never cleared, because it may be stale */
  lastRemainderHeap = -1;
  lastRemainderAddr = -1;
  /** false once the main arena had to map memory instead of moving the break */
  contiguous: boolean;
  /** bytes obtained from the kernel and not returned, and the most there ever were */
  systemMem = 0;
  maxSystemMem = 0;
  /** circular list of all arenas */
  next: Arena;
  /** the next on the free list, while this one is on it */
  nextFree: Arena | null = null;
  attachedThreads = 0;
  /** dense index of the thread that was the last to leave, and so put this on the free list; −1: none was */
  detachedBy = -1;
  /** heaps that exist, oldest first */
  readonly heaps: Heap[] = [];
  /** dense indices of the threads that were ever attached */
  readonly threads = new Set<number>();

  /** `bins` are the head records, see `newBins` */
  constructor(id: number, bins: number) {
    this.id = id;
    this.contiguous = id === 0;
    this.next = this;
    this.bins = bins;
  }

  /** A copy without heaps, on no free list, and with itself as its next: whoever copies the process joins them. */
  clone(): Arena {
    const copy = new Arena(this.id, this.bins);
    copyScalars<Arena>(this, copy);
    copy.fastbins.set(this.fastbins);
    copy.binmap.set(this.binmap);
    for (const thread of this.threads) {
      copy.threads.add(thread);
    }
    return copy;
  }

  get main(): boolean {
    return this.id === 0;
  }

  addSystemMem(bytes: number): void {
    this.systemMem += bytes;
    if (this.systemMem > this.maxSystemMem) {
      this.maxSystemMem = this.systemMem;
    }
  }
}

/** The head records of an arena's bins, all empty. */
export function newBins(chunks: Chunks): number {
  const bins = chunks.allocateRun(BIN_COUNT);
  const w = chunks.words;
  for (let i = 0; i < BIN_COUNT; i++) {
    const bin = bins + i * STRIDE;
    w[bin + SIZE] = 0;
    w[bin + STATE] = BIN;
    w[bin + FD] = bin;
    w[bin + BK] = bin;
    // Not 0, so that unlinking the last chunk of a large bin does not take the head for one of its run.
    w[bin + FD_NEXTSIZE] = bin;
  }
  return bins;
}
