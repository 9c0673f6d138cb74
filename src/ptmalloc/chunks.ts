/**
 * Chunk records (ptmalloc2.md §2.1) as the core keeps them (core/chunks.ts). A chunk is identified by the index of its first
 * word in `Ptmalloc.chunks.words`. 0 is no chunk; its record is in use and of size 0.
 *
 * Sizes and addresses are in granules of 16 bytes (MALLOC_ALIGNMENT), addresses from the start of the heap or mapping.
 * 31 bits of granules limit a heap to 32 GiB; sysmalloc treats the break as stuck there.
 */
export const GRANULE = 16;
/** Bytes of the smallest page of a kernel. Resident memory is counted in them, whatever the size of the pages. */
export const SMALLEST_PAGE = 4096;

/** `bytes` rounded up to a multiple of `unit` */
export function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

/** MINSIZE = MIN_CHUNK_SIZE = 32 bytes */
export const MIN_GRANULES = 2;
/** MIN_LARGE_SIZE = 1024 bytes */
export const MIN_LARGE_GRANULES = 64;

// Words of a record; words that malloc and free read together are adjacent.
export const SIZE = 0;
export const STATE = 1;
/** the next chunk in a bin, fastbin or tcache bin; the previous one in a bin */
export const FD = 2;
export const BK = 3;
/** the chunks directly below and above in memory */
export const PREV = 4;
export const NEXT = 5;
export const ADDR = 6;
/** id of the heap that holds the chunk; of the mapping for a mapped chunk */
export const HEAP = 7;
/** words in a record; chunks are at multiples of it */
export const STRIDE = 8;

// States. A chunk is FREE exactly when PREV_INUSE of the next is clear: cached and fast chunks count as in use.
export const IN_USE = 0;
/** in the unsorted bin, a small bin or a large bin */
export const FREE = 1;
/** in a thread's tcache */
export const CACHED = 2;
/** in a fastbin */
export const FAST = 3;
export const TOP = 4;
/** fencepost: the end of a heap, or of a stretch of chunks in the main heap, without top */
export const FENCE = 5;
/** IS_MMAPPED */
export const MAPPED = 6;
/** the head of a bin's list, not a chunk */
export const BIN = 7;
/** allocated outside the log (unlogged.ts) */
export const UNLOGGED = 8;
/** an unused record */
export const RELEASED = 9;

/** Words of a page of records, and those of them before the rings. */
const PAGE_WORDS = 1024;
const RING_START = 816;

/**
 * fd_nextsize and bk_nextsize of chunk `c`, the ring of a large bin's sizes, are this word and the next one; 0 for chunks that
 * are not in it. Those of a page of records are at its end (core/chunks.ts).
 */
export function nextsizeWord(c: number): number {
  const within = c % PAGE_WORDS;
  return c - within + RING_START + within / 4;
}
