import { isMain } from "./arena";
import { arenaGet, mallocFromArena } from "./arenas";
import { bytesIn, MAPPED, rec } from "./chunks";
import { heapOf } from "./heap";
import { par, profile } from "./model";
import { EVERY_PLANE, writeBlock } from "./resident";
import { tcacheTake } from "./tcache";
import { writeChunk } from "./writes";

/**
 * calloc (ptmalloc2.md §5.2) of `bytes` in total: malloc, before 2.41 without tcache, then clearing the chunk except for
 * memory that the kernel supplied during the call, which is zero.
 */
export function callocChunk(bytes: f64, nb: i32): i32 {
  const cached = profile.callocUsesTcache ? tcacheTake(nb) : 0;
  if (cached !== 0) {
    writeBlock(cached, 0, bytesIn(nb) - 8, EVERY_PLANE);
    return cached;
  }
  const av = arenaGet(bytes);
  const top = av.top;
  let topHeap = -1;
  let topAddr = -1;
  // Bytes of top that may hold old data.
  let oldBytes: f64 = 0;
  if (top !== 0) {
    const heap = heapOf(top);
    topHeap = heap.serial;
    topAddr = rec(top).addr;
    oldBytes = bytesIn(rec(top).size);
    if (!isMain(av)) {
      oldBytes = Math.max(oldBytes, heap.mprotectSize - bytesIn(topAddr));
    }
  }
  const c = mallocFromArena(bytes, nb);
  if (c === 0) {
    return 0;
  }
  if (rec(c).state === MAPPED) {
    if (par.perturb) {
      writeChunk(c, 0, bytes, EVERY_PLANE);
    }
    return c;
  }
  let clear = bytesIn(rec(c).size);
  const fromTop = rec(c).addr === topAddr && heapOf(c).serial === topHeap;
  if (fromTop && !par.perturb) {
    clear = Math.min(clear, oldBytes);
  }
  writeBlock(c, 0, clear - 8, EVERY_PLANE);
  return c;
}
