import type { Ptmalloc } from "./ptmalloc.ts";

/** sysmalloc_mmap: a mapped chunk of `nb` granules, not a huge one (§3.8 step 1). */
export function mapChunk(m: Ptmalloc, nb: number): number {
  return m.core.calls.mapChunk(nb);
}
