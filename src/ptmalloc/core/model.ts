import { Arena } from "./arena";
import { Heap } from "./heap";
import { Profile } from "./profile";
import { Thread } from "./thread";

/**
 * The state of a process that no arena, heap or thread has of its own: what glibc keeps in globals. Each singleton has a
 * fixed address below 4096, so that access to a field is a load from a constant address.
 */

/** malloc_par, as settings.ts of the facade describes it. */
@unmanaged
export class MallocPar {
  trimThreshold: f64;
  topPad: f64;
  mmapThreshold: f64;
  mmapMax: f64;
  arenaTest: f64;
  arenaMax: f64;
  maxFast: f64;
  tcacheCount: f64;
  tcacheMaxChunk: f64;
  stashMaxChunk: f64;
  tcacheUnsortedLimit: f64;
  /** NaN: not set */
  hugetlb: f64;
  noDynThreshold: bool;
  perturb: bool;
}

@unmanaged
export class Model {
  // Bytes.
  /** the program break, from the page of its initial value */
  brk: f64;
  mappedBytes: f64;
  mappedLeadBytes: f64;
  mappedStructBytes: f64;
  miscountedMappedBytes: f64;
  systemBytes: f64;
  /** chunk size of the latest huge request (size-classes.ts) */
  hugeBytes: f64;
  pageBytes: f64;
  /** thp_pagesize; 0: a page */
  thpBytes: f64;
  heapUnit: f64;
  /** Infinity: unknown */
  cpus: f64;
  arenaLimit: f64;
  /** n_mmaps */
  mappedBlocks: f64;
  /** granules of heap chunks held by the program */
  inUseGranules: f64;
  unloggedGranules: f64;
  /** SMALLEST_PAGEs in a page */
  pageUnits: f64;

  // Calls to the kernel (system-calls.ts).
  brkCalls: f64;
  mmapCalls: f64;
  mremapCalls: f64;
  munmapCalls: f64;
  madviseCalls: f64;
  mprotectCalls: f64;

  // Limits of `par` in granules, which every call compares with.
  maxFastGranules: i32;
  tcacheMaxGranules: i32;
  stashMaxGranules: i32;

  // What the current call has done.
  servedByTcache: bool;
  madeTcacheStruct: bool;

  initialHookDone: bool;
  multiThreaded: bool;
  hugePages: bool;
  calledSbrk: bool;
  /** glibc knows the program break */
  knowsBreak: bool;
  /** a heap has been reserved */
  hasReserved: bool;
  /** set by every change of the resident pages; cleared by the reader */
  residentChanged: bool;
  /** the first thread has called */
  hasMain: bool;
  recordsTrims: bool;

  // What the facade answers (host.ts).
  hasWitness: bool;
  hasTrylock: bool;
  watchesRaises: bool;
  watchesDrops: bool;

  /** the shift from a granule to its page */
  pageShift: i32;
  /** pages of a transparent huge page */
  hugePagePages: i32;
  /** serial number of the heap directly below aligned_heap_area; −1: there is no such area */
  heapBelowArea: i32;

  mainArena: Arena;
  nextToUse: Arena;
  /** the head of the free list (free-list.ts) */
  freeArena: Arena | null;
  breakHeap: Heap;
  thread: Thread;

  // Tables by id: the address of each, the number of ids so far, and room.
  arenas: usize;
  arenaCount: i32;
  arenaRoom: i32;
  heaps: usize;
  heapCount: i32;
  heapRoom: i32;
  /** the heap whose id is free and was freed last */
  freeHeap: Heap | null;
  heapSerials: i32;
  mappings: usize;
  mappingCount: i32;
  mappingRoom: i32;
  /** id + 1 of the mapping whose id is free and was freed last; 0: none */
  freeMapping: i32;
  threads: usize;
  threadCount: i32;
  threadRoom: i32;
  /** threads that have called and not ended */
  threadsAlive: i32;
  /** by thread, the arenas that it was ever attached to (arena-users.ts) */
  users: usize;
  userCount: i32;
  userRoom: i32;

  /** the latest trims of the main heap, oldest first (undo-trims.ts) */
  trims: usize;
  trimCount: i32;
  /** mark of the latest walk along the free list */
  listMark: i32;

  // chunks.ts
  /** released chunk records, linked by `fd`; 0: none */
  releasedChunk: i32;
  /** chunk records never used in the latest page of them */
  freshChunk: i32;
  freshEnd: i32;
  /** chunk records ever used */
  chunkCount: i32;

  // replay/core
  /** directory of the table of chunks by block */
  blocks: usize;
}

// Record 0, "no chunk", is at 0. The singletons follow.
/** resident pages by bit number of the plane, doubles (resident.ts) */
export const RESIDENT_PAGES: usize = 64;
/** likewise, returned to the kernel */
export const RETURNED_PAGES: usize = 128;

export const par = changetype<MallocPar>(384);
export const profile = changetype<Profile>(512);
export const m = changetype<Model>(640);

/** Stands for any thread that has ended: it has neither cache nor arena, and gets none (§6.4). */
export const ENDED_THREAD = changetype<Thread>(1536);
/** Stands for no thread. */
export const NO_THREAD = changetype<Thread>(1600);
/** singletons of the replay (replay/core) */
export const REPLAY: usize = 2048;
