/**
 * Where the core keeps its state (core/README.md): the fields of its classes, in order. test/ptmalloc/core-layout.test.ts
 * compares them with the core's sources. An address has type i32 here.
 */

/** A field's place: the index of an element of the view for its type, from the start of the view or of the record. */
type Places<Fields> = { readonly [Name in keyof Fields]: number };

/** The types of fields. A type is aligned to its bytes. */
const BYTES = { f64: 8, i32: 4, u8: 1 } as const;

export type FieldType = keyof typeof BYTES;

/** The places of the fields of a record at `start`; 0: of records anywhere, relative to their start. */
export function places<const Fields extends Readonly<Record<string, FieldType>>>(
  start: number,
  fields: Fields,
): Places<Fields> {
  let at = start;
  const found = Object.entries(fields).map(([name, type]) => {
    const bytes = BYTES[type];
    at = Math.ceil(at / bytes) * bytes;
    const place = at / bytes;
    at += bytes;
    return [name, place];
  });
  // Each field has its place.
  return Object.fromEntries(found) as Places<Fields>;
}

/** addresses of the resident pages by bit number of the plane, and of those returned: eight doubles each */
export const RESIDENT_PAGES = 64;
export const RETURNED_PAGES = 128;

export const PAR_FIELDS = {
  trimThreshold: "f64",
  topPad: "f64",
  mmapThreshold: "f64",
  mmapMax: "f64",
  arenaTest: "f64",
  arenaMax: "f64",
  maxFast: "f64",
  tcacheCount: "f64",
  tcacheMaxChunk: "f64",
  stashMaxChunk: "f64",
  tcacheUnsortedLimit: "f64",
  hugetlb: "f64",
  noDynThreshold: "u8",
  perturb: "u8",
} as const;
export const PAR = places(384, PAR_FIELDS);

export const PROFILE_FIELDS = {
  mallocStateBytes: "f64",
  heapInfoBytes: "f64",
  tcacheStructBytes: "f64",
  mmapTailBytes: "f64",
  fastbins: "u8",
  callocUsesTcache: "u8",
  initialHook: "u8",
  memalignUsesTcache: "u8",
  systrimUnsigned: "u8",
  arenaRefcount: "u8",
  reusedLeavesFreeList: "u8",
  vallocConsolidates: "u8",
  tcache: "u8",
  innerTcacheStruct: "u8",
  unsortedFit: "u8",
  internalFree: "u8",
  memalign: "u8",
  smallFree: "u8",
  reallocShortcut: "u8",
  heapTrim: "u8",
  arenaLimit: "u8",
  thpUnit: "u8",
} as const;
export const PROFILE = places(512, PROFILE_FIELDS);

export const MODEL_FIELDS = {
  brk: "f64",
  mappedBytes: "f64",
  mappedLeadBytes: "f64",
  mappedStructBytes: "f64",
  miscountedMappedBytes: "f64",
  systemBytes: "f64",
  hugeBytes: "f64",
  pageBytes: "f64",
  thpBytes: "f64",
  heapUnit: "f64",
  cpus: "f64",
  arenaLimit: "f64",
  mappedBlocks: "f64",
  inUseGranules: "f64",
  unloggedGranules: "f64",
  pageUnits: "f64",
  brkCalls: "f64",
  mmapCalls: "f64",
  mremapCalls: "f64",
  munmapCalls: "f64",
  madviseCalls: "f64",
  mprotectCalls: "f64",
  maxFastGranules: "i32",
  tcacheMaxGranules: "i32",
  stashMaxGranules: "i32",
  servedByTcache: "u8",
  madeTcacheStruct: "u8",
  initialHookDone: "u8",
  multiThreaded: "u8",
  hugePages: "u8",
  calledSbrk: "u8",
  knowsBreak: "u8",
  hasReserved: "u8",
  residentChanged: "u8",
  hasMain: "u8",
  recordsTrims: "u8",
  hasWitness: "u8",
  hasTrylock: "u8",
  watchesRaises: "u8",
  watchesDrops: "u8",
  pageShift: "i32",
  hugePagePages: "i32",
  heapBelowArea: "i32",
  mainArena: "i32",
  nextToUse: "i32",
  freeArena: "i32",
  breakHeap: "i32",
  thread: "i32",
  arenas: "i32",
  arenaCount: "i32",
  arenaRoom: "i32",
  heaps: "i32",
  heapCount: "i32",
  heapRoom: "i32",
  freeHeap: "i32",
  heapSerials: "i32",
  mappings: "i32",
  mappingCount: "i32",
  mappingRoom: "i32",
  freeMapping: "i32",
  threads: "i32",
  threadCount: "i32",
  threadRoom: "i32",
  threadsAlive: "i32",
  users: "i32",
  userCount: "i32",
  userRoom: "i32",
  trims: "i32",
  trimCount: "i32",
  listMark: "i32",
  releasedChunk: "i32",
  freshChunk: "i32",
  freshEnd: "i32",
  chunkCount: "i32",
  blocks: "i32",
} as const;
export const MODEL = places(640, MODEL_FIELDS);

export const ARENA_FIELDS = {
  systemMem: "f64",
  maxSystemMem: "f64",
  trimmedBytes: "f64",
  trimmedAt: "f64",
  id: "i32",
  top: "i32",
  bins: "i32",
  haveFastchunks: "u8",
  contiguous: "u8",
  lastRemainderHeap: "i32",
  lastRemainderAddr: "i32",
  next: "i32",
  nextFree: "i32",
  listMark: "i32",
  attachedThreads: "i32",
  detachedBy: "i32",
  oldestHeap: "i32",
  newestHeap: "i32",
} as const;
export const ARENA = places(0, ARENA_FIELDS);
/** word of an arena's record where the heads of its fastbins begin; of its binmap */
export const ARENA_FASTBINS = ARENA.newestHeap + 1;
export const ARENA_BINMAP = ARENA_FASTBINS + 10;

export const HEAP_FIELDS = {
  size: "f64",
  mprotectSize: "f64",
  base: "f64",
  id: "i32",
  serial: "i32",
  kind: "i32",
  arena: "i32",
  prev: "i32",
  newer: "i32",
  isMapped: "u8",
  start: "i32",
  firstPage: "i32",
  lowest: "i32",
  stretches: "i32",
  stretchCount: "i32",
  stretchRoom: "i32",
  leaves: "i32",
  leafCount: "i32",
  leafRoom: "i32",
  pageEnd: "i32",
  hints: "i32",
  hintRoom: "i32",
} as const;
export const HEAP_RECORD = places(0, HEAP_FIELDS);

export const MAPPING_FIELDS = {
  totalBytes: "f64",
  faultPages: "f64",
  offset: "i32",
  scattered: "i32",
} as const;
export const MAPPING = places(0, MAPPING_FIELDS);

export const THREAD_FIELDS = {
  index: "i32",
  arena: "i32",
  tcache: "i32",
  tcacheStruct: "i32",
  heads: "i32",
  counts: "i32",
  bins: "i32",
  detachingLater: "i32",
} as const;
export const THREAD = places(0, THREAD_FIELDS);

export const TRIM_FIELDS = {
  brk: "f64",
  breakMoves: "f64",
  runs: "i32",
  runCount: "i32",
  room: "i32",
} as const;
export const TRIM = places(0, TRIM_FIELDS);
