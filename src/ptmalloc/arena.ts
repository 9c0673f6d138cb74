import { ARENA, ARENA_BINMAP, ARENA_FASTBINS } from "./core-layout.ts";
import type { Core } from "./core-module.ts";
import type { Heap } from "./heap.ts";
import type { ProcessRecords } from "./process-records.ts";
import { BIN_COUNT } from "./size-classes.ts";

/** NFASTBINS: chunks of 32, 48 … 176 bytes */
export const FASTBIN_COUNT = 10;

/** malloc_state (ptmalloc2.md §2.2), as the core keeps it (core/arena.ts). A process has one object for each. */
export class Arena {
  /** in the core's memory */
  readonly address: number;
  /** 0 is the main arena; others in order of creation */
  readonly id: number;
  readonly #m: ProcessRecords;

  constructor(m: ProcessRecords, address: number, id: number) {
    this.#m = m;
    this.address = address;
    this.id = id;
  }

  get main(): boolean {
    return this.id === 0;
  }

  /** the record of the top chunk; 0 while the main arena has none */
  get top(): number {
    return this.#word(ARENA.top);
  }

  /** heads of the fastbins' lists, LIFO; a view, as is `binmap` */
  get fastbins(): Int32Array {
    return this.#words(ARENA_FASTBINS, FASTBIN_COUNT);
  }

  /** set by a free to a fastbin, cleared by malloc_consolidate only, so it may be true while all fastbins are empty */
  get haveFastchunks(): boolean {
    return this.#flag(ARENA.haveFastchunks);
  }

  set haveFastchunks(have: boolean) {
    this.#core.attached.u8[this.address + ARENA.haveFastchunks] = have ? 1 : 0;
  }

  /** index of the head record of bin 0; bin i is at `bins + i * STRIDE` */
  get bins(): number {
    return this.#word(ARENA.bins);
  }

  /** bit i is set if bin i may hold chunks; a bin whose bit is clear is empty */
  get binmap(): Int32Array {
    return this.#words(ARENA_BINMAP, BIN_COUNT / 32);
  }

  /** false from the first time the main arena maps a region because the break does not move (§3.8.1) */
  get contiguous(): boolean {
    return this.#flag(ARENA.contiguous);
  }

  /** system_mem: bytes obtained from the kernel and not returned; max_system_mem: its peak */
  get systemMem(): number {
    return this.#bytes(ARENA.systemMem);
  }

  get maxSystemMem(): number {
    return this.#bytes(ARENA.maxSystemMem);
  }

  /** bytes that the latest trim of the top cut off, less what the top has grown by since; 0: none (§4.5) */
  get trimmedBytes(): number {
    return this.#bytes(ARENA.trimmedBytes);
  }

  /** the bytes that this trim compared with the trim threshold */
  get trimmedAt(): number {
    return this.#bytes(ARENA.trimmedAt);
  }

  /** circular list of all arenas */
  get next(): Arena {
    return this.#m.arenaAt(this.#word(ARENA.next))!;
  }

  /** the next arena on the free list; stale when this one is not on it */
  get nextFree(): Arena | null {
    return this.#m.arenaAt(this.#word(ARENA.nextFree));
  }

  get attachedThreads(): number {
    return this.#word(ARENA.attachedThreads);
  }

  /** dense index of the thread whose detaching put this arena on the free list last; −1: none yet */
  get detachedBy(): number {
    return this.#word(ARENA.detachedBy);
  }

  /** mapped heaps, oldest first */
  get heaps(): Heap[] {
    return this.#m.heapsFrom(this.#word(ARENA.oldestHeap));
  }

  get #core(): Core {
    return this.#m.core;
  }

  #word(field: number): number {
    return this.#core.attached.i32[this.address / 4 + field]!;
  }

  #bytes(field: number): number {
    return this.#core.attached.f64[this.address / 8 + field]!;
  }

  #flag(field: number): boolean {
    return this.#core.attached.u8[this.address + field] !== 0;
  }

  #words(field: number, count: number): Int32Array {
    const start = this.address / 4 + field;
    return this.#core.attached.i32.subarray(start, start + count);
  }
}
