import type { Arena } from "./arena.ts";
import { mallocFromArena } from "./arenas.ts";
import { BK, CACHED, FD, GRANULE, IN_USE, MAPPED, MIN_GRANULES, SIZE, STATE } from "./chunks.ts";
import { intMalloc } from "./malloc.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { EVERY_PLANE, writeFirst } from "./resident.ts";
import { requestToGranules } from "./size-classes.ts";
import type { Thread } from "./thread.ts";

/** The per-thread cache (ptmalloc2.md §2.6, §3.1, §3.2, §4.2): one LIFO list per size. */

/** csize2tidx */
export function tcacheIndex(granules: number): number {
  return granules - MIN_GRANULES;
}

/** MAYBE_INIT_TCACHE: true if a call for `nb` granules by a thread without a tcache allocates it first (§3.2). */
export function mallocInitsTcache(m: Ptmalloc, nb: number): boolean {
  switch (m.profile.tcache) {
    case "none":
    case "lazy":
      return false;
    case "eager":
      return true;
    case "small":
      return nb <= m.tcacheMaxGranules;
  }
}

/** tcache_init: allocates the struct from the thread's arena and clears it, which makes its pages resident (§3.2). */
export function tcacheInit(m: Ptmalloc): void {
  if (!beginInit(m)) {
    return;
  }
  const bytes = m.profile.tcacheStructBytes;
  endInit(m, mallocFromArena(m, bytes, requestToGranules(bytes)));
}

/** The lazy tcache_init within _int_malloc (2.43+, §3.2): in arena `av`. 2.43 passes a chunk size as the request. */
export function tcacheInitWithin(m: Ptmalloc, av: Arena): void {
  if (!beginInit(m)) {
    return;
  }
  const { innerTcacheStruct, tcacheStructBytes } = m.profile;
  const granules = requestToGranules(tcacheStructBytes);
  const takesChunkSize = innerTcacheStruct === "chunkSize";
  endInit(m, intMalloc(m, av, takesChunkSize ? requestToGranules(granules * GRANULE) : granules));
}

/** Disables caching while the struct is allocated. False since 2.43 with tcache_count=0: no struct is allocated. */
function beginInit(m: Ptmalloc): boolean {
  m.thread.tcache = "disabled";
  return m.profile.tcache !== "lazy" || m.par.tcacheCount !== 0;
}

function endInit(m: Ptmalloc, struct: number): void {
  const { thread } = m;
  if (struct !== 0) {
    attachStruct(m, thread, struct);
  }
  thread.tcache = struct === 0 ? "inactive" : "active";
  m.madeTcacheStruct = struct !== 0;
  if (struct !== 0) {
    m.write(struct, 0, m.profile.tcacheStructBytes, EVERY_PLANE);
  }
}

function attachStruct(m: Ptmalloc, thread: Thread, struct: number): void {
  thread.tcacheStruct = struct;
  m.chunks.words[struct + BK] = thread.index;
  m.mappedStructBytes += mappedBytesOf(m, struct);
}

/** Takes the struct's chunk from a thread; 0: there is none, or it is unknown, as the thread is older than the log. */
export function detachStruct(m: Ptmalloc, thread: Thread): number {
  const struct = thread.tcacheStruct;
  thread.tcacheStruct = 0;
  m.mappedStructBytes -= mappedBytesOf(m, struct);
  return struct;
}

/** The thread whose tcache struct is chunk `c`, which is in use; null: it is a block. */
export function structOwner(m: Ptmalloc, c: number): Thread | null {
  // The word of a block is stale.
  const index = m.chunks.words[c + BK]!;
  return m.threads.structOf(index) === c ? m.threads.at(index) : null;
}

/** Bytes of the mapping of a struct; 0 if it lies in a heap, as it does unless mmap_threshold is smaller than it. */
function mappedBytesOf(m: Ptmalloc, struct: number): number {
  return m.chunks.words[struct + STATE] === MAPPED ? m.mappingOf(struct).totalBytes : 0;
}

/** tcache_get for malloc, since 2.41 also calloc (§3.1): the newest cached chunk of `granules`; 0 if there is none. */
export function tcacheTake(m: Ptmalloc, granules: number): number {
  if (granules > m.tcacheMaxGranules) {
    return 0;
  }
  const index = tcacheIndex(granules);
  const c = m.threads.bins.head(m.thread, index);
  if (c !== 0) {
    m.servedByTcache = true;
    takeHead(m, m.thread, index, c);
  }
  return c;
}

/** Takes the newest chunk of `granules`; the bin must not be empty. */
export function tcachePop(m: Ptmalloc, thread: Thread, granules: number): number {
  const index = tcacheIndex(granules);
  const c = m.threads.bins.head(thread, index);
  takeHead(m, thread, index, c);
  return c;
}

/** Takes chunk `c`, the newest one, off bin `index`. */
function takeHead(m: Ptmalloc, thread: Thread, index: number, c: number): void {
  const w = m.chunks.words;
  m.threads.bins.take(thread, index, w[c + FD]!);
  w[c + STATE] = IN_USE;
}

/**
 * tcache_put: caches a chunk of `granules`, for which there must be room; writes next and key into the block (§9.2).
 */
export function tcachePush(m: Ptmalloc, thread: Thread, granules: number, c: number): void {
  const w = m.chunks.words;
  const index = tcacheIndex(granules);
  w[c + STATE] = CACHED;
  w[c + FD] = m.threads.bins.push(thread, index, c);
  // Whose cache it is in: placeChunk may take it out.
  w[c + BK] = thread.index;
  writeFirst(m, c);
}

/** True if the thread's tcache has room for a chunk of `granules`; the limit of public calls may be lower. */
export function tcacheHasRoom(m: Ptmalloc, thread: Thread, granules: number): boolean {
  return (
    thread.tcache === "active" &&
    granules <= m.stashMaxGranules &&
    m.threads.bins.count(thread, tcacheIndex(granules)) < m.par.tcacheCount
  );
}

/**
 * tcache_get_align for memalign (2.38+, §5.3): the first chunk from the head with an aligned block; 0 if there is none.
 */
export function tcacheTakeAligned(
  m: Ptmalloc,
  thread: Thread,
  granules: number,
  alignGranules: number,
): number {
  const w = m.chunks.words;
  const index = tcacheIndex(granules);
  let previous = 0;
  let c = m.threads.bins.head(thread, index);
  while (c !== 0 && m.alignableBlock(c) % alignGranules !== 0) {
    previous = c;
    c = w[c + FD]!;
  }
  if (c === 0) {
    return 0;
  }
  unchain(m, thread, index, previous, c);
  w[c + STATE] = IN_USE;
  return c;
}

/** Takes cached chunk `c` out of its thread's tcache; its state is the caller's work. */
export function tcacheRemove(m: Ptmalloc, c: number): void {
  const w = m.chunks.words;
  const thread = m.threads.at(w[c + BK]!);
  if (thread === null) {
    return;
  }
  const index = tcacheIndex(w[c + SIZE]!);
  let previous = 0;
  for (let at = m.threads.bins.head(thread, index); at !== c; at = w[at + FD]!) {
    previous = at;
  }
  unchain(m, thread, index, previous, c);
}

/** Takes chunk `c`, which `previous` leads to (0: it is the head), off bin `index`. */
function unchain(m: Ptmalloc, thread: Thread, index: number, previous: number, c: number): void {
  const w = m.chunks.words;
  const { bins } = m.threads;
  let head = bins.head(thread, index);
  if (previous === 0) {
    head = w[c + FD]!;
  } else {
    w[previous + FD] = w[c + FD]!;
  }
  bins.take(thread, index, head);
}
