import type { Arena } from "./arena.ts";
import { GRANULE, SIZE } from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { undoTrims } from "./undo-trims.ts";

/**
 * Undoes the latest trim of the top of `av`, which the process did not make: its trim threshold was higher than the
 * model's (ptmalloc2.md §12.8). What the top has grown by since counts as a part of it. In an arena's heap, pages that the
 * program has written in the returned part stay out of the count until it writes there again.
 */
export function regainTop(m: Ptmalloc, av: Arena): void {
  if (av.main) {
    undoTrims(m, 1);
    return;
  }
  const bytes = av.trimmedBytes;
  av.trimmedBytes = 0;
  const heap = m.heapOf(av.top);
  m.systemCalls.madvise--;
  heap.size += bytes;
  heap.mprotectSize = Math.max(heap.mprotectSize, heap.size);
  m.chunks.words[av.top + SIZE]! += bytes / GRANULE;
  m.addSystemMem(av, bytes);
}
