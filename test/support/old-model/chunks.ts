/**
 * Chunk records (ptmalloc2.md §2.1) in one Int32Array. A chunk is identified by the index of its first word. 0 is no
 * chunk; its record is in use and of size 0, so that the first chunk of a heap needs no check for a predecessor.
 *
 * glibc finds neighbours by address arithmetic in real memory. Here a record links to its neighbours: memory grows with
 * the number of chunks, not with the size of the heap, and one load tells whether the predecessor is free.
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
/** fd_nextsize, bk_nextsize: the ring of a large bin's sizes; 0 for chunks that are not in it */
export const FD_NEXTSIZE = 8;
export const BK_NEXTSIZE = 9;
/** words in a record */
export const STRIDE = 10;

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

/** Records for the main arena's bins and some chunks; small, since dozens of models may replay a short log. */
const FIRST_CAPACITY = 256;

export class Chunks {
  words: Int32Array;
  /** index after the last record ever used */
  #limit = STRIDE;
  /** released records, linked by FD */
  #released = 0;

  constructor(words = new Int32Array(FIRST_CAPACITY * STRIDE)) {
    this.words = words;
  }

  /** Returns a record with unspecified content. May replace `words`: callers must read it again. */
  allocate(): number {
    const c = this.#released;
    if (c !== 0) {
      this.#released = this.words[c + FD]!;
      return c;
    }
    return this.allocateRun(1);
  }

  /** Returns `count` consecutive records, for the heads of an arena's bins. May replace `words`. */
  allocateRun(count: number): number {
    const c = this.#limit;
    this.#limit += count * STRIDE;
    if (this.#limit > this.words.length) {
      // Doubles: unused pages cost nothing, since the kernel supplies a page at its first write, which is slow.
      const grown = new Int32Array(this.#limit * 2);
      grown.set(this.words);
      this.words = grown;
    }
    return c;
  }

  /** A copy: `recycled`, which must not be in use elsewhere, if it is large enough; else a new object. */
  clone(recycled: Chunks | null = null): Chunks {
    const isLargeEnough = recycled !== null && recycled.words.length >= this.#limit;
    const copy = isLargeEnough ? recycled : new Chunks(new Int32Array(this.words.length));
    copy.words.set(this.words.subarray(0, this.#limit));
    copy.#limit = this.#limit;
    copy.#released = this.#released;
    return copy;
  }

  release(c: number): void {
    this.words[c + STATE] = RELEASED;
    this.words[c + FD] = this.#released;
    this.#released = c;
  }

  /** Splits off the low `nb` granules of chunk `c` as a chunk in use, and returns it; `c` keeps the upper part. */
  cutBelow(c: number, nb: number): number {
    const low = this.allocate();
    const w = this.words;
    const below = w[c + PREV]!;
    const addr = w[c + ADDR]!;
    w[low + SIZE] = nb;
    w[low + STATE] = IN_USE;
    w[low + ADDR] = addr;
    w[low + HEAP] = w[c + HEAP]!;
    w[low + PREV] = below;
    w[low + NEXT] = c;
    if (below !== 0) {
      w[below + NEXT] = low;
    }
    w[c + PREV] = low;
    w[c + ADDR] = addr + nb;
    w[c + SIZE]! -= nb;
    return low;
  }

  /** Splits off what is above the low `nb` granules of chunk `c` as a chunk in use, and returns it. */
  cutAbove(c: number, nb: number): number {
    const high = this.allocate();
    const w = this.words;
    const above = w[c + NEXT]!;
    w[high + SIZE] = w[c + SIZE]! - nb;
    w[high + STATE] = IN_USE;
    w[high + ADDR] = w[c + ADDR]! + nb;
    w[high + HEAP] = w[c + HEAP]!;
    w[high + PREV] = c;
    w[high + NEXT] = above;
    if (above !== 0) {
      w[above + PREV] = high;
    }
    w[c + SIZE] = nb;
    w[c + NEXT] = high;
    return high;
  }

  /** Moves the boundary between `c` and the chunk above it up by `granules`. */
  moveBoundary(c: number, above: number, granules: number): void {
    const w = this.words;
    w[c + SIZE]! += granules;
    w[above + ADDR]! += granules;
    w[above + SIZE]! -= granules;
  }

  /** Merges the chunk above `c`, which must be on no list, into `c`. */
  absorbAbove(c: number): void {
    const w = this.words;
    const above = w[c + NEXT]!;
    const next = w[above + NEXT]!;
    w[c + SIZE]! += w[above + SIZE]!;
    w[c + NEXT] = next;
    if (next !== 0) {
      w[next + PREV] = c;
    }
    this.release(above);
  }

  /** Merges the chunk below `c`, which must be on no list, into `c`; for `c` = top or a fencepost. */
  absorbBelow(c: number): void {
    const w = this.words;
    const below = w[c + PREV]!;
    const prev = w[below + PREV]!;
    w[c + ADDR] = w[below + ADDR]!;
    w[c + SIZE]! += w[below + SIZE]!;
    w[c + PREV] = prev;
    if (prev !== 0) {
      w[prev + NEXT] = c;
    }
    this.release(below);
  }
}
