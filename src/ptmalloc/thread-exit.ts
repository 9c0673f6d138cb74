import { detachArena } from "./arenas.ts";
import { FD, IN_USE, MAPPED, STATE } from "./chunks.ts";
import { arenaFree, unmapChunk } from "./free.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { detachStruct } from "./tcache.ts";

/**
 * The current thread ends (ptmalloc2.md §6.4): frees its cached chunks bin by bin, each to its arena without tcache,
 * then the struct, then detaches from its arena.
 */
export function exitThread(m: Ptmalloc): void {
  const { thread } = m;
  if (thread.tcache === "active") {
    thread.tcache = "disabled";
    for (let index = 0; index < thread.entries.length; index++) {
      let c = thread.entries[index]!;
      thread.entries[index] = 0;
      thread.counts[index] = 0;
      while (c !== 0) {
        const w = m.chunks.words;
        const next = w[c + FD]!;
        w[c + STATE] = IN_USE;
        arenaFree(m, m.heapOf(c).arena, c);
        c = next;
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
