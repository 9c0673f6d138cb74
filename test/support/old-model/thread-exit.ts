import { detachArena } from "./arenas.ts";
import { MAPPED, MIN_GRANULES, STATE } from "./chunks.ts";
import { arenaFree, unmapChunk } from "./free.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { detachStruct, tcachePop } from "./tcache.ts";

/**
 * The current thread ends (ptmalloc2.md §6.4): frees its cached chunks bin by bin, each to its arena without tcache,
 * then the struct, then detaches from its arena.
 */
export function exitThread(m: Ptmalloc): void {
  const { thread } = m;
  if (thread.tcache === "active") {
    thread.tcache = "disabled";
    for (let index = 0; index < thread.bins; index++) {
      while (m.threads.bins.head(thread, index) !== 0) {
        const c = tcachePop(m, thread, index + MIN_GRANULES);
        arenaFree(m, m.heapOf(c).arena, c);
      }
    }
    const struct = detachStruct(m, thread);
    if (m.chunks.words[struct + STATE] === MAPPED) {
      unmapChunk(m, struct, true);
    } else if (struct !== 0) {
      arenaFree(m, m.heapOf(struct).arena, struct);
    }
  }
  thread.tcache = "inactive";
  detachArena(m);
}
