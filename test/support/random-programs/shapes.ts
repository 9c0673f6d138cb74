import type { Sequence } from "../glibc-program.ts";

/** The calls a move may become, with relative weights. `block` allocates or frees one block, depending on the phase. */
export interface Weights {
  block: number;
  calloc?: number;
  realloc?: number;
  aligned?: number;
  /** from allocating blocks to freeing them, or the reverse */
  turnPhase?: number;
  mallocTrim?: number;
  mallopt?: number;
  foreignSbrk?: number;
  threadExit?: number;
}

export interface Shape {
  readonly name: string;
  readonly weights: Weights;
  /** requested bytes from a fraction in [0, 1) and 8 random bits of detail; a smaller fraction gives a smaller size */
  readonly size: (fraction: number, detail: number) => number;
  /** default `ALIGNMENTS` */
  readonly alignments?: readonly number[];
  readonly slots: number;
  /** largest number of threads besides main; a thread is started when it is first chosen */
  readonly workers: number;
  /** blocks in slots divisible by this are never freed in the freeing phase: they pin the memory below them */
  readonly keepEvery?: number;
  /** see `Sequence`; default "own" */
  readonly stacks?: Sequence["stacks"];
  /** settings that the shape needs for its purpose */
  readonly env?: Readonly<Record<string, string>>;
  /** the blocks are too large for the program to write all of them */
  readonly untouchedOnly?: boolean;
}

/** At most a page, so that offsets from a page-aligned base decide everything; see the shape `wideAlignments`. */
export const ALIGNMENTS: readonly number[] = [8, 16, 32, 64, 64, 128, 256, 512, 1024, 4096];

const KIB = 1024;
const MIB = 1024 * KIB;

const logarithmic = (most: number) => (fraction: number) => Math.floor((most + 1) ** fraction) - 1;

const small = (fraction: number) => Math.floor(fraction * 1100);
const mixed = logarithmic(300 * KIB);

/** Mostly around and above the thresholds; one in 32 has several MiB. */
function large(fraction: number, detail: number): number {
  if ((detail & 31) === 31) {
    return Math.floor(fraction * 6 * MIB);
  }
  return Math.floor(fraction * 300 * KIB);
}

/** Powers of two and their neighbours: the edges of size classes, bins, tcache, thresholds. */
function nearPowerOfTwo(fraction: number, detail: number): number {
  return Math.max(0, 2 ** Math.floor(fraction * 19) + (detail % 64) - 40);
}

/** Blocks of 10 KiB to 60 KiB; every fourth move takes a tiny one, which then lies above them. */
function pinning(fraction: number, detail: number): number {
  return (detail & 3) === 0
    ? Math.floor(fraction * 200)
    : 10 * KIB + Math.floor(fraction * 50 * KIB);
}

const THREADED: Weights = {
  block: 100,
  calloc: 6,
  realloc: 10,
  aligned: 4,
  turnPhase: 1,
  threadExit: 2,
};

export const SHAPES = {
  small: {
    name: "small",
    weights: { block: 100, realloc: 5, turnPhase: 1 },
    size: small,
    slots: 300,
    workers: 0,
  },
  mixed: {
    name: "mixed",
    weights: { block: 100, calloc: 8, realloc: 12, aligned: 8, turnPhase: 1, mallocTrim: 0.3 },
    size: mixed,
    slots: 200,
    workers: 0,
  },
  large: {
    name: "large",
    weights: { block: 100, calloc: 5, realloc: 15, aligned: 5, turnPhase: 2 },
    size: large,
    slots: 60,
    workers: 0,
  },
  powersOfTwo: {
    name: "powers of two",
    weights: { block: 100, calloc: 5, realloc: 10, aligned: 10, turnPhase: 1 },
    size: nearPowerOfTwo,
    slots: 150,
    workers: 0,
  },
  phases: {
    name: "phases",
    weights: { block: 100, turnPhase: 3 },
    size: logarithmic(20 * KIB),
    slots: 400,
    workers: 0,
  },
  reallocs: {
    name: "reallocs",
    weights: { block: 40, realloc: 100, turnPhase: 1 },
    size: mixed,
    slots: 40,
    workers: 0,
  },
  aligned: {
    name: "aligned",
    weights: { block: 60, aligned: 100, realloc: 10, turnPhase: 2 },
    size: mixed,
    slots: 120,
    workers: 0,
  },
  /**
   * Alignments above a page: the padding depends on where the kernel put the break or the mapping (the chunk word shows
   * it); by the dynamic threshold it affects much of what follows.
   */
  wideAlignments: {
    name: "wide alignments",
    weights: { block: 60, aligned: 60, turnPhase: 2 },
    size: mixed,
    slots: 80,
    workers: 0,
    alignments: [64, 4096, 8192, 65536, 1048576],
  },
  callocs: {
    name: "callocs",
    weights: { block: 60, calloc: 60, turnPhase: 2 },
    size: mixed,
    slots: 150,
    workers: 0,
  },
  trims: {
    name: "trims",
    weights: { block: 100, realloc: 5, calloc: 5, turnPhase: 3, mallocTrim: 4 },
    size: logarithmic(60 * KIB),
    slots: 120,
    workers: 0,
  },
  topPinning: {
    name: "top pinning",
    weights: { block: 100, turnPhase: 3, mallocTrim: 0.5 },
    size: pinning,
    slots: 120,
    workers: 0,
    keepEvery: 8,
  },
  mallopts: {
    name: "mallopts",
    weights: { block: 100, realloc: 10, calloc: 5, aligned: 3, turnPhase: 2, mallopt: 3 },
    size: mixed,
    slots: 120,
    workers: 0,
  },
  foreignBreaks: {
    name: "foreign breaks",
    weights: { block: 100, realloc: 10, calloc: 5, turnPhase: 2, foreignSbrk: 1 },
    size: mixed,
    slots: 120,
    workers: 0,
  },
  threads: {
    name: "threads",
    weights: THREADED,
    size: logarithmic(50 * KIB),
    slots: 200,
    workers: 4,
  },
  /** sizes that the tcache takes: it is flushed at exit, and holds blocks of other threads' arenas */
  smallInThreads: {
    name: "small in threads",
    weights: { ...THREADED, threadExit: 6 },
    size: small,
    slots: 200,
    workers: 8,
  },
  /** threads that reuse the stacks that glibc keeps, with their DTVs */
  keptStacks: {
    name: "kept stacks",
    weights: { ...THREADED, threadExit: 6 },
    size: mixed,
    slots: 200,
    workers: 4,
    stacks: "nptl",
  },
  trimmedThreads: {
    name: "trimmed threads",
    weights: { ...THREADED, mallocTrim: 2, turnPhase: 3 },
    size: large,
    slots: 80,
    workers: 3,
  },
  twoArenas: {
    name: "two arenas",
    weights: { ...THREADED, threadExit: 4 },
    size: logarithmic(50 * KIB),
    slots: 200,
    workers: 6,
    env: { MALLOC_ARENA_MAX: "2" },
  },
  threeArenas: {
    name: "three arenas",
    weights: { ...THREADED, threadExit: 4 },
    size: logarithmic(50 * KIB),
    slots: 200,
    workers: 8,
    env: { MALLOC_ARENA_MAX: "3" },
  },
  oneArena: {
    name: "one arena",
    weights: THREADED,
    size: mixed,
    slots: 200,
    workers: 4,
    env: { MALLOC_ARENA_MAX: "1" },
  },
  /** arenas of several 64 MiB heaps, created and deleted; nothing below 32 MiB is mmapped */
  manyHeaps: {
    name: "many heaps",
    weights: { block: 100, realloc: 6, aligned: 3, turnPhase: 2, threadExit: 1 },
    size: (fraction, detail) =>
      (detail & 3) === 0 ? mixed(fraction) : Math.floor(fraction * 12 * MIB),
    slots: 60,
    workers: 2,
    env: { MALLOC_MMAP_THRESHOLD_: "33554432" },
    untouchedOnly: true,
  },
} as const satisfies Record<string, Shape>;

/** Settings under which any shape runs, besides none. */
export const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  { MALLOC_TOP_PAD_: "0" },
  { MALLOC_TOP_PAD_: "1048576" },
  { MALLOC_TRIM_THRESHOLD_: "4096" },
  { MALLOC_TRIM_THRESHOLD_: "67108864" },
  { MALLOC_TOP_PAD_: "0", MALLOC_TRIM_THRESHOLD_: "4096" },
  { MALLOC_MMAP_THRESHOLD_: "20000" },
  // Below the size of the tcache struct, which is then mapped, as all other chunks are.
  { MALLOC_MMAP_THRESHOLD_: "0" },
  { MALLOC_MMAP_THRESHOLD_: "128" },
  { MALLOC_MMAP_THRESHOLD_: "128", MALLOC_MMAP_MAX_: "5" },
  // above the maximum of versions up to 2.34: there the threshold stays dynamic
  { MALLOC_MMAP_THRESHOLD_: "33554433" },
  { MALLOC_MMAP_MAX_: "0" },
  { MALLOC_MMAP_MAX_: "3" },
  { MALLOC_PERTURB_: "85" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_count=3" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_count=100" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_max=200" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_max=0" },
  { GLIBC_TUNABLES: "glibc.malloc.tcache_unsorted_limit=2" },
  // transparent huge pages: the break, and since 2.43 heaps, in units of 2 MiB
  { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" },
  { GLIBC_TUNABLES: "glibc.malloc.mxfast=0" },
  { GLIBC_TUNABLES: "glibc.malloc.mxfast=160" },
  { GLIBC_TUNABLES: "glibc.malloc.top_pad=0x8000:glibc.malloc.tcache_count=1" },
];
