import { allocate, enlarge, reserve, STORE_PAGE } from "../../wasm/core/store";
import { BIN, rec, STRIDE } from "./chunks";
import { Heap } from "./heap";
import { m } from "./model";
import { BIN_COUNT } from "./size-classes";

/** NFASTBINS: chunks of 32, 48 … 176 bytes */
export const FASTBIN_COUNT: i32 = 10;

/** malloc_state (ptmalloc2.md §2.2). */
@unmanaged
export class Arena {
  /** system_mem: bytes obtained from the kernel and not returned; max_system_mem: its peak */
  systemMem: f64;
  maxSystemMem: f64;
  /** bytes that the latest trim of the top cut off, less what the top has grown by since; 0: none (§4.5) */
  trimmedBytes: f64;
  /** the bytes that this trim compared with the trim threshold */
  trimmedAt: f64;
  /** 0 is the main arena; others in order of creation */
  id: i32;
  /** the record of the top chunk; 0 while the main arena has none */
  top: i32;
  /** the head record of bin 0; that of bin i is `bins + i * STRIDE` */
  bins: i32;
  /** set by a free to a fastbin, cleared by malloc_consolidate only, so it may be true while all fastbins are empty */
  haveFastchunks: bool;
  /** false from the first time the main arena maps a region because the break does not move (§3.8.1) */
  contiguous: bool;
  /** heap serial and granule of last_remainder; never cleared, since glibc compares a pointer that may be stale (T7) */
  lastRemainderHeap: i32;
  lastRemainderAddr: i32;
  /** circular list of all arenas, this one at first */
  next: Arena;
  /** the next arena on the free list; stale when this one is not on it */
  nextFree: Arena | null;
  /** see free-list.ts */
  listMark: i32;
  attachedThreads: i32;
  /** dense index of the thread whose detaching put this arena on the free list last; −1: none yet */
  detachedBy: i32;
  /** its mapped heaps, oldest first, linked by `newer` */
  oldestHeap: Heap | null;
  newestHeap: Heap | null;
  // Two arrays without names: heads of the fastbins' lists, LIFO; the binmap.
}

const FASTBINS: usize = offsetof<Arena>();
const BINMAP: usize = FASTBINS + 4 * <usize>FASTBIN_COUNT;
const ARENA_BYTES: usize = <usize>BINMAP + 16;

/** Allocates an arena, which is attached to nothing, with empty bins. */
export function createArena(): Arena {
  const av = changetype<Arena>(allocate(ARENA_BYTES));
  if (m.arenaCount === m.arenaRoom) {
    m.arenaRoom = max(m.arenaRoom << 1, 8);
    m.arenas = enlarge(m.arenas, (<usize>m.arenaRoom) << 1);
  }
  av.id = m.arenaCount++;
  store<usize>(m.arenas + ((<usize>av.id) << 2), changetype<usize>(av));
  av.contiguous = av.id === 0;
  av.next = av;
  av.lastRemainderHeap = -1;
  av.lastRemainderAddr = -1;
  av.detachedBy = -1;
  av.bins = newBins();
  return av;
}

/** Allocates the head records of an arena's bins, all empty. Returns the first. */
function newBins(): i32 {
  const bins = <i32>(reserve(STORE_PAGE) >> 2);
  for (let i = 0; i < BIN_COUNT; i++) {
    const head = bins + i * STRIDE;
    const bin = rec(head);
    bin.size = 0;
    bin.state = BIN;
    bin.fd = head;
    bin.bk = head;
    bin.prev = 0;
    bin.next = 0;
    bin.addr = 0;
    bin.heap = 0;
  }
  return bins;
}

export function isMain(av: Arena): bool {
  return av.id === 0;
}

/** The head of the fastbin with number `index`. */
export function fastbin(av: Arena, index: i32): i32 {
  return load<i32>(changetype<usize>(av) + ((<usize>index) << 2), FASTBINS);
}

export function setFastbin(av: Arena, index: i32, c: i32): void {
  store<i32>(changetype<usize>(av) + ((<usize>index) << 2), c, FASTBINS);
}

/** 32 bits of the binmap. Bit i is set if bin i may hold chunks; a bin whose bit is clear is empty. */
export function binmap(av: Arena, block: i32): i32 {
  return load<i32>(changetype<usize>(av) + ((<usize>block) << 2), BINMAP);
}

export function setBinmap(av: Arena, block: i32, bits: i32): void {
  store<i32>(changetype<usize>(av) + ((<usize>block) << 2), bits, BINMAP);
}

/** A trim cut `bytes` off the top, because `compared` bytes were not below the trim threshold. */
export function noteTrim(av: Arena, bytes: f64, compared: f64): void {
  av.trimmedBytes = bytes;
  av.trimmedAt = compared;
}

/** The top grew by `bytes`. */
export function noteGrowth(av: Arena, bytes: f64): void {
  av.trimmedBytes = Math.max(0, av.trimmedBytes - bytes);
}

export function addSystemMem(av: Arena, bytes: f64): void {
  av.systemMem += bytes;
  if (av.systemMem > av.maxSystemMem) {
    av.maxSystemMem = av.systemMem;
  }
  m.systemBytes += bytes;
}
