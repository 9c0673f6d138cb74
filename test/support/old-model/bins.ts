import type { Arena } from "./arena.ts";
import {
  ADDR,
  BK,
  BK_NEXTSIZE,
  FD,
  FD_NEXTSIZE,
  FREE,
  MIN_LARGE_GRANULES,
  SIZE,
  STATE,
  STRIDE,
} from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { writeWord } from "./resident.ts";
import { largeBinIndex, UNSORTED } from "./size-classes.ts";

/**
 * The unsorted, small and large bins (ptmalloc2.md §2.2): circular doubly linked lists through the bin's head record.
 * FD leads from the front to the back; chunks of small bins are taken from the back.
 *
 * A large bin is sorted by descending size. The first chunk of each size is also in the nextsize ring: FD_NEXTSIZE
 * leads to the next smaller size, BK_NEXTSIZE to the next larger. Other chunks have 0 there.
 */

/** unlink_chunk: takes a free chunk off its list. The next chunk of its size takes its place in the nextsize ring. */
export function unlink(m: Ptmalloc, c: number): void {
  const w = m.chunks.words;
  const fd = w[c + FD]!;
  const bk = w[c + BK]!;
  w[fd + BK] = bk;
  w[bk + FD] = fd;
  if (w[c + SIZE]! < MIN_LARGE_GRANULES) {
    return;
  }
  const smaller = w[c + FD_NEXTSIZE]!;
  if (smaller === 0) {
    return;
  }
  const larger = w[c + BK_NEXTSIZE]!;
  if (w[fd + FD_NEXTSIZE] !== 0) {
    w[smaller + BK_NEXTSIZE] = larger;
    w[larger + FD_NEXTSIZE] = smaller;
  } else if (smaller === c) {
    w[fd + FD_NEXTSIZE] = fd;
    w[fd + BK_NEXTSIZE] = fd;
  } else {
    w[fd + FD_NEXTSIZE] = smaller;
    w[fd + BK_NEXTSIZE] = larger;
    w[smaller + BK_NEXTSIZE] = fd;
    w[larger + FD_NEXTSIZE] = fd;
  }
}

/** Puts chunk `c` at the front of bin `index`, as free() and the unsorted scan do. */
export function pushFront(m: Ptmalloc, av: Arena, index: number, c: number): void {
  const w = m.chunks.words;
  const bin = av.bins + index * STRIDE;
  const fd = w[bin + FD]!;
  w[c + STATE] = FREE;
  w[c + BK] = bin;
  w[c + FD] = fd;
  w[bin + FD] = c;
  w[fd + BK] = c;
  if (w[c + SIZE]! >= MIN_LARGE_GRANULES) {
    w[c + FD_NEXTSIZE] = 0;
    w[c + BK_NEXTSIZE] = 0;
  }
}

/** Puts a chunk at the front of the unsorted bin and writes its link words (§9.2). */
export function pushUnsorted(m: Ptmalloc, av: Arena, c: number): void {
  pushFront(m, av, UNSORTED, c);
  writeLinks(m, c);
}

/** Makes the pages of a listed chunk's link words resident: fd and bk, for large sizes the nextsize pair (§9.2). */
export function writeLinks(m: Ptmalloc, c: number): void {
  const w = m.chunks.words;
  const heap = m.heapOf(c);
  const addr = w[c + ADDR]!;
  writeWord(m, heap, addr + 1);
  if (w[c + SIZE]! >= MIN_LARGE_GRANULES) {
    writeWord(m, heap, addr + 2);
  }
}

export function markBin(av: Arena, index: number): void {
  av.binmap[index >> 5]! |= 1 << (index & 31);
}

/** Puts a chunk from the unsorted bin into the bin of its size (§3.4). */
export function binChunk(m: Ptmalloc, av: Arena, c: number): void {
  const size = m.chunks.words[c + SIZE]!;
  if (size < MIN_LARGE_GRANULES) {
    pushFront(m, av, size, c);
    markBin(av, size);
  } else {
    const index = largeBinIndex(size);
    insertLarge(m, av, index, c, size);
    markBin(av, index);
  }
}

/** Sorted insertion (§3.4.1); of equal sizes the new chunk becomes the second. */
function insertLarge(m: Ptmalloc, av: Arena, index: number, c: number, size: number): void {
  const w = m.chunks.words;
  const bin = av.bins + index * STRIDE;
  let fd = w[bin + FD]!;
  let bk = bin;
  if (fd === bin) {
    w[c + FD_NEXTSIZE] = c;
    w[c + BK_NEXTSIZE] = c;
  } else {
    const largest = fd;
    const last = w[bin + BK]!;
    if (size < w[last + SIZE]!) {
      fd = bin;
      bk = last;
      const smallest = w[largest + BK_NEXTSIZE]!;
      w[c + FD_NEXTSIZE] = largest;
      w[c + BK_NEXTSIZE] = smallest;
      w[largest + BK_NEXTSIZE] = c;
      w[smallest + FD_NEXTSIZE] = c;
    } else {
      while (size < w[fd + SIZE]!) {
        fd = w[fd + FD_NEXTSIZE]!;
      }
      if (size === w[fd + SIZE]!) {
        fd = w[fd + FD]!;
        w[c + FD_NEXTSIZE] = 0;
        w[c + BK_NEXTSIZE] = 0;
      } else {
        const larger = w[fd + BK_NEXTSIZE]!;
        w[c + FD_NEXTSIZE] = fd;
        w[c + BK_NEXTSIZE] = larger;
        w[fd + BK_NEXTSIZE] = c;
        w[larger + FD_NEXTSIZE] = c;
      }
      bk = w[fd + BK]!;
    }
  }
  w[c + STATE] = FREE;
  w[c + BK] = bk;
  w[c + FD] = fd;
  w[fd + BK] = c;
  w[bk + FD] = c;
}
