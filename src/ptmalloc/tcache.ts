import { BK, MIN_GRANULES } from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import type { Thread } from "./thread.ts";

/** csize2tidx */
export function tcacheIndex(granules: number): number {
  return granules - MIN_GRANULES;
}

/** The thread whose tcache struct is chunk `c`, which is in use; null: it is a block. */
export function structOwner(m: Ptmalloc, c: number): Thread | null {
  // The word of a block is stale.
  const index = m.chunks.words[c + BK]!;
  return m.threads.structOf(index) === c ? m.threads.at(index) : null;
}
