import type { Arena } from "./arena.ts";
import { arenaGet, mallocFromArena } from "./arenas.ts";
import { ADDR, GRANULE, MAPPED, SIZE, STATE } from "./chunks.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, writeBlock } from "./resident.ts";
import { tcacheTake } from "./tcache.ts";

/**
 * calloc (ptmalloc2.md §5.2) of `bytes` in total: malloc, before 2.41 without tcache, then clearing the chunk except for
 * memory that the kernel supplied during the call, which is zero.
 */
export function callocChunk(m: Ptmalloc, bytes: number, nb: number): number {
  const cached = m.profile.callocUsesTcache ? tcacheTake(m, nb) : 0;
  if (cached !== 0) {
    writeBlock(m, cached, 0, nb * GRANULE - 8, EVERY_PLANE);
    return cached;
  }
  const av = arenaGet(m, bytes);
  const oldTop = av === null || av.top === 0 ? NO_TOP : topBefore(m, av);
  const c = mallocFromArena(m, bytes, nb);
  if (c === 0) {
    return 0;
  }
  const w = m.chunks.words;
  if (w[c + STATE] === MAPPED) {
    if (m.par.perturb) {
      m.write(c, 0, bytes, EVERY_PLANE);
    }
    return c;
  }
  let clear = w[c + SIZE]! * GRANULE;
  const fromTop = w[c + ADDR] === oldTop.addr && m.heapOf(c).serial === oldTop.heap;
  if (fromTop && !m.par.perturb) {
    clear = Math.min(clear, oldTop.bytes);
  }
  writeBlock(m, c, 0, clear - 8, EVERY_PLANE);
  return c;
}

interface OldTop {
  heap: number;
  addr: number;
  /** bytes of top that may hold old data */
  bytes: number;
}

const NO_TOP: OldTop = { heap: -1, addr: -1, bytes: 0 };
/** reused, to allocate nothing per call */
const before: OldTop = { heap: -1, addr: -1, bytes: 0 };

function topBefore(m: Ptmalloc, av: Arena): OldTop {
  const w = m.chunks.words;
  const { top } = av;
  const heap = m.heapOf(top);
  before.heap = heap.serial;
  before.addr = w[top + ADDR]!;
  before.bytes = w[top + SIZE]! * GRANULE;
  if (!av.main) {
    before.bytes = Math.max(before.bytes, heap.mprotectSize - before.addr * GRANULE);
  }
  return before;
}
