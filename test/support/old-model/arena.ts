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
  /** set by a free to a fastbin, cleared by malloc_consolidate only, so it may be true while all fastbins are empty */
  haveFastchunks = false;
  /** index of the head record of bin 0; bin i is at `bins + i * STRIDE` */
  readonly bins: number;
  /** bit i is set if bin i may hold chunks; a bin whose bit is clear is empty */
  readonly binmap = new Int32Array(BIN_COUNT / 32);
  /** heap serial and granule of last_remainder; never cleared, since glibc compares a pointer that may be stale (T7) */
  lastRemainderHeap = -1;
  lastRemainderAddr = -1;
  /** false from the first time the main arena maps a region because the break does not move (§3.8.1) */
  contiguous: boolean;
  /** system_mem: bytes obtained from the kernel and not returned; max_system_mem: its peak */
  systemMem = 0;
  maxSystemMem = 0;
  /** bytes that the latest trim of the top cut off, less what the top has grown by since; 0: none (§4.5) */
  trimmedBytes = 0;
  /** the bytes that this trim compared with the trim threshold */
  trimmedAt = 0;
  /** circular list of all arenas, this one at first */
  next: Arena;
  /** the next arena on the free list; stale when this one is not on it */
  nextFree: Arena | null = null;
  attachedThreads = 0;
  /** dense index of the thread whose detaching put this arena on the free list last; −1: none yet */
  detachedBy = -1;
  /** mapped heaps, oldest first */
  readonly heaps: Heap[] = [];

  /** `bins` is the first head record, see `newBins` */
  constructor(id: number, bins: number) {
    this.id = id;
    this.contiguous = id === 0;
    this.next = this;
    this.bins = bins;
  }

  /** A copy without heaps, on no list: Ptmalloc.clone links it. */
  clone(): Arena {
    const copy = new Arena(this.id, this.bins);
    copyScalars<Arena>(this, copy);
    copy.fastbins.set(this.fastbins);
    copy.binmap.set(this.binmap);
    return copy;
  }

  get main(): boolean {
    return this.id === 0;
  }

  /** A trim cut `bytes` off the top, because `compared` bytes were not below the trim threshold. */
  noteTrim(bytes: number, compared: number): void {
    this.trimmedBytes = bytes;
    this.trimmedAt = compared;
  }

  /** The top grew by `bytes`. */
  noteGrowth(bytes: number): void {
    this.trimmedBytes = Math.max(0, this.trimmedBytes - bytes);
  }

  addSystemMem(bytes: number): void {
    this.systemMem += bytes;
    if (this.systemMem > this.maxSystemMem) {
      this.maxSystemMem = this.systemMem;
    }
  }
}

/** Allocates the head records of an arena's bins, all empty. Returns the first. */
export function newBins(chunks: Chunks): number {
  const bins = chunks.allocateRun(BIN_COUNT);
  const w = chunks.words;
  for (let i = 0; i < BIN_COUNT; i++) {
    const bin = bins + i * STRIDE;
    w[bin + SIZE] = 0;
    w[bin + STATE] = BIN;
    w[bin + FD] = bin;
    w[bin + BK] = bin;
    // Not 0: a chunk with 0 here has the size of its predecessor, see unlink.
    w[bin + FD_NEXTSIZE] = bin;
  }
  return bins;
}
