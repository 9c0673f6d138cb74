import { detachArena } from "./arenas";
import { MAPPED, MIN_GRANULES, rec } from "./chunks";
import { arenaFree, unmapChunk } from "./free";
import { heapOf } from "./heap";
import { m } from "./model";
import { detachStruct, tcachePop } from "./tcache";
import { binHead } from "./tcache-bins";
import { ACTIVE, DISABLED, INACTIVE, removeThread } from "./thread";

/**
 * The current thread ends (ptmalloc2.md §6.4): frees its cached chunks bin by bin, each to its arena without tcache,
 * then the struct, then detaches from its arena.
 */
export function exitThread(): void {
  const thread = m.thread;
  if (thread.tcache === ACTIVE) {
    thread.tcache = DISABLED;
    for (let index = 0; index < thread.bins; index++) {
      while (binHead(thread, index) !== 0) {
        const c = tcachePop(thread, index + MIN_GRANULES);
        arenaFree(heapOf(c).arena, c);
      }
    }
    const struct = detachStruct(thread);
    if (rec(struct).state === MAPPED) {
      unmapChunk(struct, true);
    } else if (struct !== 0) {
      arenaFree(heapOf(struct).arena, struct);
    }
  }
  thread.tcache = INACTIVE;
  detachArena();
  removeThread();
}
