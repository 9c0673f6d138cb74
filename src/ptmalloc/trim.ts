import type { Arena } from "./arena.ts";
import { ADDR, SIZE } from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/** FASTBIN_CONSOLIDATION_THRESHOLD, 65536 bytes, in granules */
export const TRIM_GRANULES = 4096;

/** Consolidates and trims after a merge to a chunk of 64 KiB or more (ptmalloc2.md §4.5). */
export function trimAfterFree(m: Ptmalloc, av: Arena, granules: number): void {
  m.core.calls.trimAfterFree(av.address, granules);
}

/** sizeof(malloc_chunk): the words at a free chunk's start, which must stay */
const CHUNK_STRUCT_GRANULES = 3;

/** The pages of its heap that malloc_trim drops within free chunk `c`: from..to-1; none if `to` is not above `from`. */
export function droppablePages(m: Ptmalloc, c: number): { from: number; to: number } {
  const w = m.chunks.words;
  const addr = w[c + ADDR]!;
  const from = Math.ceil((addr + CHUNK_STRUCT_GRANULES) / (1 << m.pageShift));
  return { from, to: (addr + w[c + SIZE]!) >> m.pageShift };
}
