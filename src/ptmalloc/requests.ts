import { FD, GRANULE, MAPPED, SIZE, STATE } from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/**
 * What the program requested of each of its chunks. A chunk in use is on no list, so the link to the next chunk of a list
 * can hold it: bytes of the chunk, or of its mapping, beyond the request.
 */
const BEYOND = FD;

/** The program holds chunk `c` as a block of `bytes`. */
export function noteRequest(m: Ptmalloc, c: number, bytes: number): void {
  m.core.calls.noteRequest(c, bytes);
}

/** Requested bytes of a chunk that the program holds. */
export function requestedBytes(m: Ptmalloc, c: number): number {
  return occupiedBytes(m, c) - m.chunks.words[c + BEYOND]!;
}

/** Bytes of a chunk in use, or of the mapping that was made for it. */
export function occupiedBytes(m: Ptmalloc, c: number): number {
  const w = m.chunks.words;
  return w[c + STATE] === MAPPED ? m.mappingOf(c).totalBytes : w[c + SIZE]! * GRANULE;
}
