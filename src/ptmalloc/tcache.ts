import type { Arena } from "./arena.ts";
import { mallocFromArena } from "./arenas.ts";
import { ADDR, CACHED, FD, GRANULE, IN_USE, MIN_GRANULES, STATE } from "./chunks.ts";
import { intMalloc } from "./malloc.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, writeBlock, writeFirst } from "./resident.ts";
import { requestToGranules } from "./size-classes.ts";
import type { Thread } from "./thread.ts";

/** The per-thread cache (ptmalloc2.md §2.6, §3.1, §3.2, §4.2): LIFO lists, one a size. */

/** csize2tidx */
export function tcacheIndex(granules: number): number {
  return granules - MIN_GRANULES;
}

/** tcache_init: the struct comes from the thread's arena and is cleared, so all its pages become resident (§3.2). */
export function tcacheInit(m: Ptmalloc): void {
  if (!beginInit(m)) {
    return;
  }
  const bytes = m.profile.tcacheStructBytes;
  endInit(m, mallocFromArena(m, bytes, requestToGranules(bytes)));
}

/**
 * 2.43's tcache_init from inside int_malloc: in the arena at hand, and with the size of a chunk passed as a request,
 * so that the struct's chunk is one class larger.
 */
export function tcacheInitWithin(m: Ptmalloc, av: Arena): void {
  if (!beginInit(m)) {
    return;
  }
  const chunkBytes = requestToGranules(m.profile.tcacheStructBytes) * GRANULE;
  endInit(m, intMalloc(m, av, requestToGranules(chunkBytes)));
}

/** While the struct is being allocated nothing is cached. False where 2.43 makes none: with tcache_count=0. */
function beginInit(m: Ptmalloc): boolean {
  m.thread.tcache = "disabled";
  return m.profile.tcache !== "lazy" || m.par.tcacheCount !== 0;
}

function endInit(m: Ptmalloc, struct: number): void {
  const { thread } = m;
  thread.tcacheStruct = struct;
  thread.tcache = struct === 0 ? "inactive" : "active";
  m.madeTcacheStruct = struct !== 0;
  if (struct !== 0) {
    writeBlock(m, struct, 0, m.profile.tcacheStructBytes, EVERY_PLANE);
  }
}

/** The look-up of malloc, and since 2.41 of calloc (§3.1): the newest cached chunk of `granules`; 0 if none is. */
export function tcacheTake(m: Ptmalloc, granules: number): number {
  if (granules > m.tcacheMaxGranules) {
    return 0;
  }
  if (m.thread.entries[tcacheIndex(granules)] === 0) {
    return 0;
  }
  m.servedByTcache = true;
  return tcachePop(m, m.thread, granules);
}

/** Takes the newest chunk of `granules`, of which there must be one. */
export function tcachePop(m: Ptmalloc, thread: Thread, granules: number): number {
  const w = m.chunks.words;
  const index = tcacheIndex(granules);
  const c = thread.entries[index]!;
  thread.entries[index] = w[c + FD]!;
  thread.counts[index]!--;
  w[c + STATE] = IN_USE;
  return c;
}

/** Caches a chunk of `granules`, for which there must be room; next and key are written into the block (§9.2). */
export function tcachePush(m: Ptmalloc, thread: Thread, granules: number, c: number): void {
  const w = m.chunks.words;
  const index = tcacheIndex(granules);
  w[c + STATE] = CACHED;
  w[c + FD] = thread.entries[index]!;
  thread.entries[index] = c;
  thread.counts[index]!++;
  writeFirst(m, c);
}

/** True if the thread's cache takes one more chunk of `granules`, whatever its size class allows to callers. */
export function tcacheHasRoom(m: Ptmalloc, thread: Thread, granules: number): boolean {
  return (
    thread.tcache === "active" &&
    granules <= m.stashMaxGranules &&
    thread.counts[tcacheIndex(granules)]! < m.par.tcacheCount
  );
}

/** memalign's look-up (2.38+, §5.3): the first chunk from the head whose block is aligned; 0 if none is. */
export function tcacheTakeAligned(
  m: Ptmalloc,
  thread: Thread,
  granules: number,
  alignGranules: number,
): number {
  const w = m.chunks.words;
  const index = tcacheIndex(granules);
  let above = 0;
  let c = thread.entries[index]!;
  while (c !== 0 && (w[c + ADDR]! + 1) % alignGranules !== 0) {
    above = c;
    c = w[c + FD]!;
  }
  if (c === 0) {
    return 0;
  }
  if (above === 0) {
    thread.entries[index] = w[c + FD]!;
  } else {
    w[above + FD] = w[c + FD]!;
  }
  thread.counts[index]!--;
  w[c + STATE] = IN_USE;
  return c;
}
