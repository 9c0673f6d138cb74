import { bytesIn, MAPPED, rec } from "./chunks";
import { mappingOf } from "./mapping";

/**
 * What the program requested of each of its chunks. A chunk in use is on no list, so the link to the next chunk of a list
 * can hold it: bytes of the chunk, or of its mapping, beyond the request.
 */

const MOST: f64 = 2147483647;

/** The program holds chunk `c` as a block of `bytes`. */
export function noteRequest(c: i32, bytes: f64): void {
  rec(c).fd = <i32>Math.min(occupiedBytes(c) - bytes, MOST);
}

/** Chunk `c` of a block has grown by `granules`, or shrunk: the request stays. */
export function keepRequest(c: i32, granules: i32): void {
  rec(c).fd += granules << 4;
}

/** Bytes of a chunk in use, or of the mapping that was made for it. */
function occupiedBytes(c: i32): f64 {
  return rec(c).state === MAPPED ? mappingOf(c).totalBytes : bytesIn(rec(c).size);
}
