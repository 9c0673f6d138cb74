import { Arena, FASTBIN_COUNT, fastbin, setFastbin } from "./arena";
import { rec } from "./chunks";
import { mergeFree } from "./free";

/**
 * malloc_consolidate (ptmalloc2.md §3.7): merges every fast chunk with its neighbours and puts it at the front of the
 * unsorted bin, whatever its size. Starts with the smallest fastbin, and in each with its head.
 */
export function consolidate(av: Arena): void {
  av.haveFastchunks = false;
  for (let index = 0; index < FASTBIN_COUNT; index++) {
    let c = fastbin(av, index);
    setFastbin(av, index, 0);
    while (c !== 0) {
      const next = rec(c).fd;
      mergeFree(av, c, true);
      c = next;
    }
  }
}
