import type { Arena } from "./arena.ts";
import { FASTBIN_COUNT } from "./arena.ts";
import { FD } from "./chunks.ts";
import { mergeFree } from "./free.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/**
 * malloc_consolidate (ptmalloc2.md §3.7): merges every fast chunk with its neighbours and puts it at the front of the
 * unsorted bin, whatever its size. Starts with the smallest fastbin, and in each with its head.
 */
export function consolidate(m: Ptmalloc, av: Arena): void {
  av.haveFastchunks = false;
  for (let index = 0; index < FASTBIN_COUNT; index++) {
    let c = av.fastbins[index]!;
    av.fastbins[index] = 0;
    while (c !== 0) {
      const next = m.chunks.words[c + FD]!;
      mergeFree(m, av, c, true);
      c = next;
    }
  }
}
