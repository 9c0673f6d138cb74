import { GRANULE, MIN_LARGE_GRANULES } from "./chunks";
import { m } from "./model";

/**
 * From requests to chunk sizes and from chunk sizes to bins (ptmalloc2.md §1), in granules of 16 bytes.
 */

/** The break is stuck here, just below 32 GiB, and no heap is larger: chunk addresses are 31-bit counts of granules. */
export const BREAK_LIMIT: f64 = 34358689792;
/** Requests from that size on share one size class, since no heap can hold them; a mapping has their true size. */
export const HUGE_BYTES: f64 = BREAK_LIMIT;
export const HUGE_GRANULES: i32 = 0x7fff_ffff;

/**
 * request2size in granules: (bytes + 8) rounded up to 16, at least 32 bytes. `bytes` is 0..2^64; huge requests give
 * HUGE_GRANULES.
 */
export function requestToGranules(bytes: f64): i32 {
  if (bytes < 2147483648) {
    return bytes < 9 ? 2 : <i32>((<u32>bytes + 23) >> 4);
  }
  return bytes < HUGE_BYTES ? <i32>((<i64>bytes + 23) >> 4) : HUGE_GRANULES;
}

/** The same; stores the true size of a huge request in `hugeBytes`. */
export function granulesFor(bytes: f64): i32 {
  if (bytes >= HUGE_BYTES) {
    m.hugeBytes = Math.floor((bytes + 23) / GRANULE) * GRANULE;
  }
  return requestToGranules(bytes);
}

/** Bytes of a chunk of `nb` granules; of a huge one those of the latest request. */
export function bytesOf(nb: i32): f64 {
  return nb === HUGE_GRANULES ? m.hugeBytes : <f64>nb * GRANULE;
}

/** bin 1 */
export const UNSORTED: i32 = 1;
export const BIN_COUNT: i32 = 128;

/** largebin_index of a chunk of 1024 bytes or more. Bin 120 belongs to two steps, as in glibc. */
export function largeBinIndex(granules: i32): i32 {
  if (granules >> 2 <= 48) {
    return 48 + (granules >> 2);
  }
  if (granules >> 5 <= 20) {
    return 91 + (granules >> 5);
  }
  if (granules >> 8 <= 10) {
    return 110 + (granules >> 8);
  }
  if (granules >> 11 <= 4) {
    return 119 + (granules >> 11);
  }
  if (granules >> 14 <= 2) {
    return 124 + (granules >> 14);
  }
  return 126;
}

/** bin_index: a small bin holds one size, and its index is that size in granules. */
export function binIndex(granules: i32): i32 {
  return granules < MIN_LARGE_GRANULES ? granules : largeBinIndex(granules);
}
