import { Arena } from "./arena";
import { mallocFromArena } from "./arenas";
import { bytesIn, CACHED, IN_USE, MAPPED, MIN_GRANULES, rec } from "./chunks";
import { alignableBlock } from "./heap";
import { intMalloc } from "./malloc";
import { mappingOf } from "./mapping";
import { m, par, profile } from "./model";
import { INNER_CHUNK_SIZE, TCACHE_EAGER, TCACHE_LAZY, TCACHE_SMALL } from "./profile";
import { EVERY_PLANE, writeFirst } from "./resident";
import { requestToGranules } from "./size-classes";
import { binCount, binHead, pushToBin, takeFromBin } from "./tcache-bins";
import { ACTIVE, DISABLED, INACTIVE, Thread, threadAt } from "./thread";
import { writeChunk } from "./writes";

/** The per-thread cache (ptmalloc2.md §2.6, §3.1, §3.2, §4.2): one LIFO list per size. */

/** csize2tidx */
export function tcacheIndex(granules: i32): i32 {
  return granules - MIN_GRANULES;
}

/** MAYBE_INIT_TCACHE: which call of a thread allocates its tcache depends on the version (§3.2). */
export function maybeInitTcache(nb: i32): void {
  if (m.thread.tcache === INACTIVE && mallocInitsTcache(nb)) {
    tcacheInit();
  }
}

/** True if a call for `nb` granules by a thread without a tcache allocates it first (§3.2). */
function mallocInitsTcache(nb: i32): bool {
  const rule = profile.tcache;
  return rule === TCACHE_EAGER || (rule === TCACHE_SMALL && nb <= m.tcacheMaxGranules);
}

/** tcache_init: allocates the struct from the thread's arena and clears it, which makes its pages resident (§3.2). */
export function tcacheInit(): void {
  if (!beginInit()) {
    return;
  }
  const bytes = profile.tcacheStructBytes;
  endInit(mallocFromArena(bytes, requestToGranules(bytes)));
}

/** The lazy tcache_init within _int_malloc (2.43+, §3.2): in arena `av`. 2.43 passes a chunk size as the request. */
export function tcacheInitWithin(av: Arena): void {
  if (!beginInit()) {
    return;
  }
  const granules = requestToGranules(profile.tcacheStructBytes);
  const takesChunkSize = profile.innerTcacheStruct === INNER_CHUNK_SIZE;
  endInit(intMalloc(av, takesChunkSize ? requestToGranules(bytesIn(granules)) : granules));
}

/** Disables caching while the struct is allocated. False since 2.43 with tcache_count=0: no struct is allocated. */
function beginInit(): bool {
  m.thread.tcache = DISABLED;
  return profile.tcache !== TCACHE_LAZY || par.tcacheCount !== 0;
}

function endInit(struct: i32): void {
  const thread = m.thread;
  m.madeTcacheStruct = struct !== 0;
  if (struct === 0) {
    thread.tcache = INACTIVE;
    return;
  }
  attachStruct(thread, struct);
  thread.tcache = ACTIVE;
  writeChunk(struct, 0, profile.tcacheStructBytes, EVERY_PLANE);
}

function attachStruct(thread: Thread, struct: i32): void {
  thread.tcacheStruct = struct;
  rec(struct).bk = thread.index;
  m.mappedStructBytes += mappedBytesOf(struct);
}

/** Takes the struct's chunk from a thread; 0: there is none, or it is unknown, as the thread is older than the log. */
export function detachStruct(thread: Thread): i32 {
  const struct = thread.tcacheStruct;
  thread.tcacheStruct = 0;
  m.mappedStructBytes -= mappedBytesOf(struct);
  return struct;
}

/** The thread whose tcache struct is chunk `c`, which is in use; null: it is a block. */
export function structOwner(c: i32): Thread | null {
  // The word of a block is stale.
  const thread = threadAt(rec(c).bk);
  return thread !== null && thread.tcacheStruct === c ? thread : null;
}

/** Bytes of the mapping of a struct; 0 if it lies in a heap, as it does unless mmap_threshold is smaller than it. */
function mappedBytesOf(struct: i32): f64 {
  return rec(struct).state === MAPPED ? mappingOf(struct).totalBytes : 0;
}

/** tcache_get for malloc, since 2.41 also calloc (§3.1): the newest cached chunk of `granules`; 0 if there is none. */
export function tcacheTake(granules: i32): i32 {
  if (granules > m.tcacheMaxGranules) {
    return 0;
  }
  const thread = m.thread;
  const index = tcacheIndex(granules);
  const c = binHead(thread, index);
  if (c !== 0) {
    m.servedByTcache = true;
    takeHead(thread, index, c);
  }
  return c;
}

/** Takes the newest chunk of `granules`; the bin must not be empty. */
export function tcachePop(thread: Thread, granules: i32): i32 {
  const index = tcacheIndex(granules);
  const c = binHead(thread, index);
  takeHead(thread, index, c);
  return c;
}

/** Takes chunk `c`, the newest one, off bin `index`. */
function takeHead(thread: Thread, index: i32, c: i32): void {
  takeFromBin(thread, index, rec(c).fd);
  rec(c).state = IN_USE;
}

/**
 * tcache_put: caches a chunk of `granules`, for which there must be room; writes next and key into the block (§9.2).
 */
export function tcachePush(thread: Thread, granules: i32, c: i32): void {
  const record = rec(c);
  record.state = CACHED;
  record.fd = pushToBin(thread, tcacheIndex(granules), c);
  // Whose cache it is in: placeChunk may take it out.
  record.bk = thread.index;
  writeFirst(c);
}

/** True if the thread's tcache has room for a chunk of `granules`; the limit of public calls may be lower. */
export function tcacheHasRoom(thread: Thread, granules: i32): bool {
  return (
    thread.tcache === ACTIVE &&
    granules <= m.stashMaxGranules &&
    <f64>binCount(thread, tcacheIndex(granules)) < par.tcacheCount
  );
}

/**
 * tcache_get_align for memalign (2.38+, §5.3): the first chunk from the head with an aligned block; 0 if there is none.
 */
export function tcacheTakeAligned(thread: Thread, granules: i32, alignGranules: i64): i32 {
  const index = tcacheIndex(granules);
  let previous = 0;
  let c = binHead(thread, index);
  while (c !== 0 && alignableBlock(c) % alignGranules !== 0) {
    previous = c;
    c = rec(c).fd;
  }
  if (c === 0) {
    return 0;
  }
  unchain(thread, index, previous, c);
  rec(c).state = IN_USE;
  return c;
}

/** Takes cached chunk `c` out of its thread's tcache; its state is the caller's work. */
export function tcacheRemove(c: i32): void {
  const thread = threadAt(rec(c).bk);
  if (thread === null) {
    return;
  }
  const index = tcacheIndex(rec(c).size);
  let previous = 0;
  for (let at = binHead(thread, index); at !== c; at = rec(at).fd) {
    previous = at;
  }
  unchain(thread, index, previous, c);
}

/** Takes chunk `c`, which `previous` leads to (0: it is the head), off bin `index`. */
function unchain(thread: Thread, index: i32, previous: i32, c: i32): void {
  let head = binHead(thread, index);
  if (previous === 0) {
    head = rec(c).fd;
  } else {
    rec(previous).fd = rec(c).fd;
  }
  takeFromBin(thread, index, head);
}
