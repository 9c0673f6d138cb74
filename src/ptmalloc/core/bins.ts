import { Arena, binmap, setBinmap } from "./arena";
import {
  BIN,
  bkNextsize,
  FREE,
  fdNextsize,
  MIN_LARGE_GRANULES,
  rec,
  STRIDE,
  setBkNextsize,
  setFdNextsize,
} from "./chunks";
import { heapOf } from "./heap";
import { writeWord } from "./resident";
import { largeBinIndex, UNSORTED } from "./size-classes";

/**
 * The unsorted, small and large bins (ptmalloc2.md §2.2): circular doubly linked lists through the bin's head record.
 * `fd` leads from the front to the back; chunks of small bins are taken from the back.
 *
 * A large bin is sorted by descending size. The first chunk of each size is also in the nextsize ring: fd_nextsize
 * leads to the next smaller size, bk_nextsize to the next larger. Other chunks have 0 there.
 */

/** unlink_chunk: takes a free chunk off its list. The next chunk of its size takes its place in the nextsize ring. */
export function unlink(c: i32): void {
  const record = rec(c);
  const fd = record.fd;
  const bk = record.bk;
  rec(fd).bk = bk;
  rec(bk).fd = fd;
  if (record.size < MIN_LARGE_GRANULES) {
    return;
  }
  const smaller = fdNextsize(c);
  if (smaller === 0) {
    return;
  }
  const larger = bkNextsize(c);
  // The bin's head, or the first chunk of another size.
  if (rec(fd).state === BIN || fdNextsize(fd) !== 0) {
    setBkNextsize(smaller, larger);
    setFdNextsize(larger, smaller);
  } else if (smaller === c) {
    setFdNextsize(fd, fd);
    setBkNextsize(fd, fd);
  } else {
    setFdNextsize(fd, smaller);
    setBkNextsize(fd, larger);
    setBkNextsize(smaller, fd);
    setFdNextsize(larger, fd);
  }
}

/** Puts chunk `c` at the front of bin `index`, as free() and the unsorted scan do. */
export function pushFront(av: Arena, index: i32, c: i32): void {
  const bin = av.bins + index * STRIDE;
  const record = rec(c);
  const fd = rec(bin).fd;
  record.state = FREE;
  record.bk = bin;
  record.fd = fd;
  rec(bin).fd = c;
  rec(fd).bk = c;
  if (record.size >= MIN_LARGE_GRANULES) {
    setFdNextsize(c, 0);
    setBkNextsize(c, 0);
  }
}

/** Puts a chunk at the front of the unsorted bin and writes its link words (§9.2). */
export function pushUnsorted(av: Arena, c: i32): void {
  pushFront(av, UNSORTED, c);
  writeLinks(c);
}

/** Makes the pages of a listed chunk's link words resident: fd and bk, for large sizes the nextsize pair (§9.2). */
export function writeLinks(c: i32): void {
  const record = rec(c);
  const heap = heapOf(c);
  writeWord(heap, record.addr + 1);
  if (record.size >= MIN_LARGE_GRANULES) {
    writeWord(heap, record.addr + 2);
  }
}

export function markBin(av: Arena, index: i32): void {
  setBinmap(av, index >> 5, binmap(av, index >> 5) | (1 << (index & 31)));
}

/** Puts a chunk from the unsorted bin into the bin of its size (§3.4). */
export function binChunk(av: Arena, c: i32): void {
  const size = rec(c).size;
  if (size < MIN_LARGE_GRANULES) {
    pushFront(av, size, c);
    markBin(av, size);
  } else {
    const index = largeBinIndex(size);
    insertLarge(av, index, c, size);
    markBin(av, index);
  }
}

/** Sorted insertion (§3.4.1); of equal sizes the new chunk becomes the second. */
function insertLarge(av: Arena, index: i32, c: i32, size: i32): void {
  const bin = av.bins + index * STRIDE;
  let fd = rec(bin).fd;
  let bk = bin;
  if (fd === bin) {
    setFdNextsize(c, c);
    setBkNextsize(c, c);
  } else {
    const largest = fd;
    const last = rec(bin).bk;
    if (size < rec(last).size) {
      fd = bin;
      bk = last;
      const smallest = bkNextsize(largest);
      setFdNextsize(c, largest);
      setBkNextsize(c, smallest);
      setBkNextsize(largest, c);
      setFdNextsize(smallest, c);
    } else {
      while (size < rec(fd).size) {
        fd = fdNextsize(fd);
      }
      if (size === rec(fd).size) {
        fd = rec(fd).fd;
        setFdNextsize(c, 0);
        setBkNextsize(c, 0);
      } else {
        const larger = bkNextsize(fd);
        setFdNextsize(c, fd);
        setBkNextsize(c, larger);
        setBkNextsize(fd, c);
        setFdNextsize(larger, c);
      }
      bk = rec(fd).bk;
    }
  }
  const record = rec(c);
  record.state = FREE;
  record.bk = bk;
  record.fd = fd;
  rec(fd).bk = c;
  rec(bk).fd = c;
}
