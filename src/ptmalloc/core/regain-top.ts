import { Arena, addSystemMem, isMain } from "./arena";
import { growBy } from "./chunks";
import { heapOf } from "./heap";
import { m } from "./model";
import { undoTrims } from "./undo-trims";

/**
 * Undoes the latest trim of the top of `av`, which the process did not make: its trim threshold was higher than the
 * model's (ptmalloc2.md §12.8). What the top has grown by since counts as a part of it. In an arena's heap, pages that the
 * program has written in the returned part stay out of the count until it writes there again.
 */
export function regainTop(av: Arena): void {
  if (isMain(av)) {
    undoTrims(1);
    return;
  }
  const bytes = av.trimmedBytes;
  av.trimmedBytes = 0;
  const heap = heapOf(av.top);
  m.madviseCalls--;
  heap.size += bytes;
  heap.mprotectSize = Math.max(heap.mprotectSize, heap.size);
  growBy(av.top, bytes);
  addSystemMem(av, bytes);
}
