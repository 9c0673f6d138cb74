import { reserve, STORE_PAGE } from "../../wasm/core/store";
import { m } from "./model";

/**
 * Chunk records (ptmalloc2.md §2.1). A chunk is the index of its record's first word. 0 is no chunk; its record is in
 * use and of size 0, so that the first chunk of a heap needs no check for a predecessor.
 *
 * glibc finds neighbours by address arithmetic in real memory. Here a record links to its neighbours: memory grows with
 * the number of chunks, not with the size of the heap, and one load tells whether the predecessor is free.
 *
 * Sizes and addresses are in granules of 16 bytes (MALLOC_ALIGNMENT), addresses from the start of the heap or mapping.
 * 31 bits of granules limit a heap to 32 GiB; sysmalloc treats the break as stuck there.
 */
@unmanaged
export class Chunk {
  size: i32;
  state: i32;
  /** the next chunk in a bin, fastbin or tcache bin; the previous one in a bin */
  fd: i32;
  bk: i32;
  /** the chunks directly below and above in memory */
  prev: i32;
  next: i32;
  addr: i32;
  /** id of the heap that holds the chunk; of the mapping for a mapped chunk */
  heap: i32;
}

/** Words of a record. */
export const STRIDE: i32 = 8;

export const GRANULE: f64 = 16;
/** MINSIZE = MIN_CHUNK_SIZE = 32 bytes */
export const MIN_GRANULES: i32 = 2;
/** MIN_LARGE_SIZE = 1024 bytes */
export const MIN_LARGE_GRANULES: i32 = 64;

// States. A chunk is FREE exactly when PREV_INUSE of the next is clear: cached and fast chunks count as in use.
export const IN_USE: i32 = 0;
/** in the unsorted bin, a small bin or a large bin */
export const FREE: i32 = 1;
/** in a thread's tcache */
export const CACHED: i32 = 2;
/** in a fastbin */
export const FAST: i32 = 3;
export const TOP: i32 = 4;
/** fencepost: the end of a heap, or of a stretch of chunks in the main heap, without top */
export const FENCE: i32 = 5;
/** IS_MMAPPED */
export const MAPPED: i32 = 6;
/** the head of a bin's list, not a chunk */
export const BIN: i32 = 7;
/** allocated outside the log (unlogged.ts) */
export const UNLOGGED: i32 = 8;
/** an unused record */
export const RELEASED: i32 = 9;

/**
 * Only free chunks of 1024 bytes or more need fd_nextsize and bk_nextsize. So these are not in the record but at the end of
 * the page of records, where a record has two words of its own.
 */
const RECORDS_PER_PAGE: i32 = 102;
const RING_START: usize = <usize>RECORDS_PER_PAGE * 32;

/** The record of chunk `c`. */
export function rec(c: i32): Chunk {
  return changetype<Chunk>((<usize>c) << 2);
}

/** The two words of chunk `c` in the ring of a large bin's sizes; 0 for chunks that are not in it. */
function ring(c: i32): usize {
  const record = (<usize>c) << 2;
  return (record & ~0xfff) + RING_START + ((record & 0xfff) >> 2);
}

/** fd_nextsize: leads to the next smaller size. */
export function fdNextsize(c: i32): i32 {
  return load<i32>(ring(c));
}

/** bk_nextsize: leads to the next larger size. */
export function bkNextsize(c: i32): i32 {
  return load<i32>(ring(c), 4);
}

export function setFdNextsize(c: i32, smaller: i32): void {
  store<i32>(ring(c), smaller);
}

export function setBkNextsize(c: i32, larger: i32): void {
  store<i32>(ring(c), larger, 4);
}

/** Bytes of `granules`. */
export function bytesIn(granules: i32): f64 {
  return <f64>granules * GRANULE;
}

/** Chunk `c` grows by `bytes`, or shrinks. A program's own sbrk may have moved the break by a part of a granule. */
export function growBy(c: i32, bytes: f64): void {
  rec(c).size = <i32>(<f64>rec(c).size + bytes / GRANULE);
}

/** `bytes` rounded up to a multiple of `unit` */
export function roundUp(bytes: f64, unit: f64): f64 {
  return Math.ceil(bytes / unit) * unit;
}

/** Returns a record with unspecified content. */
export function allocateChunk(): i32 {
  const released = m.releasedChunk;
  if (released !== 0) {
    m.releasedChunk = rec(released).fd;
    return released;
  }
  if (m.freshChunk === m.freshEnd) {
    m.freshChunk = <i32>(reserve(STORE_PAGE) >> 2);
    m.freshEnd = m.freshChunk + RECORDS_PER_PAGE * STRIDE;
  }
  const c = m.freshChunk;
  m.freshChunk = c + STRIDE;
  m.chunkCount++;
  return c;
}

export function releaseChunk(c: i32): void {
  const record = rec(c);
  record.state = RELEASED;
  record.fd = m.releasedChunk;
  m.releasedChunk = c;
}

/** Splits off the low `nb` granules of chunk `c` as a chunk in use, and returns it; `c` keeps the upper part. */
export function cutBelow(c: i32, nb: i32): i32 {
  const low = allocateChunk();
  const lower = rec(low);
  const upper = rec(c);
  const below = upper.prev;
  lower.size = nb;
  lower.state = IN_USE;
  lower.addr = upper.addr;
  lower.heap = upper.heap;
  lower.prev = below;
  lower.next = c;
  if (below !== 0) {
    rec(below).next = low;
  }
  upper.prev = low;
  upper.addr += nb;
  upper.size -= nb;
  return low;
}

/** Splits off what is above the low `nb` granules of chunk `c` as a chunk in use, and returns it. */
export function cutAbove(c: i32, nb: i32): i32 {
  const high = allocateChunk();
  const upper = rec(high);
  const lower = rec(c);
  const above = lower.next;
  upper.size = lower.size - nb;
  upper.state = IN_USE;
  upper.addr = lower.addr + nb;
  upper.heap = lower.heap;
  upper.prev = c;
  upper.next = above;
  if (above !== 0) {
    rec(above).prev = high;
  }
  lower.size = nb;
  lower.next = high;
  return high;
}

/** Moves the boundary between `c` and the chunk above it up by `granules`. */
export function moveBoundary(c: i32, above: i32, granules: i32): void {
  rec(c).size += granules;
  rec(above).addr += granules;
  rec(above).size -= granules;
}

/** Merges the chunk above `c`, which must be on no list, into `c`. */
export function absorbAbove(c: i32): void {
  const record = rec(c);
  const above = record.next;
  const next = rec(above).next;
  record.size += rec(above).size;
  record.next = next;
  if (next !== 0) {
    rec(next).prev = c;
  }
  releaseChunk(above);
}

/** Merges the chunk below `c`, which must be on no list, into `c`; for `c` = top or a fencepost. */
export function absorbBelow(c: i32): void {
  const record = rec(c);
  const below = record.prev;
  const prev = rec(below).prev;
  record.addr = rec(below).addr;
  record.size += rec(below).size;
  record.prev = prev;
  if (prev !== 0) {
    rec(prev).next = c;
  }
  releaseChunk(below);
}
