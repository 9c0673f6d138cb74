/**
 * The differences between glibc versions (ptmalloc2.md §10). No other file of the model depends on a version. Sizes are
 * bytes on x86_64.
 */
export interface Profile {
  /** the version that names the profile, and all versions it describes */
  readonly name: string;
  readonly versions: readonly string[];
  /** a profile that returns the same pointers for all calls, so that no log distinguishes the two; null: none */
  readonly sameAddressesAs: string | null;
  /** sizeof(struct malloc_state), sizeof(heap_info), §2.3: they determine the address of an arena's first chunk */
  readonly mallocStateBytes: number;
  readonly heapInfoBytes: number;
  /** false since 2.43, which has no malloc_consolidate either */
  readonly fastbins: boolean;
  /**
   * When a thread gets its tcache (§3.2): `eager` at its first malloc, calloc, realloc or free; `small` at its first
   * small allocation; `lazy` at its first small free or first exact fit.
   */
  readonly tcache: "none" | "eager" | "small" | "lazy";
  /** bytes requested for tcache_perthread_struct; 0 without tcache */
  readonly tcacheStructBytes: number;
  /**
   * What _int_malloc requests for the struct: 2.43 passes the chunk size of `tcacheStructBytes`, so that its chunk is
   * one size class larger (§3.2). No matter where `tcache` is not lazy.
   */
  readonly innerTcacheStruct: "structBytes" | "chunkSize";
  /** default of glibc.malloc.tcache_count: most chunks in a bin */
  readonly tcacheCount: number;
  /** default of the largest chunk that public calls put into or take from the tcache */
  readonly tcacheMaxChunkBytes: number;
  /** 2.42 tag: the size class of glibc.malloc.tcache_max itself is not cached (§8) */
  readonly tcacheMaxExclusive: boolean;
  readonly callocUsesTcache: boolean;
  /** to 2.33: the first malloc or calloc runs the initial hook, in which calloc clears the whole block (§5.2) */
  readonly initialHook: boolean;
  readonly memalignUsesTcache: boolean;
  /** what the unsorted scan does with exact fits while the tcache has room: 2.44+ returns the first one at once (§3.4) */
  readonly unsortedFit: "stash" | "return";
  /** what receives remainders of realloc and sysmalloc first (§3.9) */
  readonly internalFree: "tcache" | "arena";
  /** the variants of §5.3 */
  readonly memalign: "A" | "B" | "C" | "D";
  /** the bin for a merged chunk below 1024 bytes (§4.4) */
  readonly smallFree: "unsorted" | "smallbin";
  /**
   * Blocks that realloc returns unchanged at once (§5.1): in 2.38+ those that fit; in the 2.37 tag those that shrink by
   * at most trim_threshold.
   */
  readonly reallocShortcut: "none" | "fits" | "shrinksLittle";
  /** when heap_trim shrinks a heap's top (§4.5) */
  readonly heapTrim: "page" | "extraThreshold" | "topThreshold";
  /** 2.19+: systrim's comparison is unsigned, so that a top of exactly 32 bytes grows (§4.5) */
  readonly systrimUnsigned: boolean;
  /** bytes added to the chunk size of a mapped chunk before rounding to pages (§3.8) */
  readonly mmapTailBytes: 8 | 16;
  /**
   * Arenas without a setting (§6.1): 8 per CPU, known only when arena_test is exceeded; since 2.44 one per CPU, but at
   * least arena_test.
   */
  readonly arenaLimit: "eightPerCpu" | "cpusOrTest";
  /** 2.23+: an arena joins the free list when its last thread detaches, not when any does (§6.1) */
  readonly arenaRefcount: boolean;
  /** 2.25+: an arena taken by reused_arena leaves the free list (§6.1) */
  readonly reusedLeavesFreeList: boolean;
  /** 2.17, 2.18: valloc and pvalloc call malloc_consolidate first */
  readonly vallocConsolidates: boolean;
  /** to 2.34: a mmap_threshold above 32 MiB is refused, and the dynamic one stays (§8) */
  readonly mmapThresholdCapped: boolean;
  /**
   * Where a process has tunables from (§8). 2.26+: from GLIBC_TUNABLES, its well-formed parts; 2.39+: from all of it or, if
   * a part is malformed, none; 2.44+: from /etc/tunables.conf, too.
   */
  readonly tunables: "nowhere" | "parts" | "whole" | "file";
  /** 2.31+, and the stable branches of 2.28 to 2.30: so does glibc.malloc.mxfast (§8) */
  readonly mxfastTunable: boolean;
  /**
   * Buffers that an ending thread frees last, before its tcache is flushed (§6.4): that of strerror; since 2.32 those
   * of strsignal and strerror_l. Few threads have them, so each is mostly a free(NULL).
   */
  readonly exitFrees: 1 | 2;
  /** what glibc.malloc.hugetlb=1 applies to, which exists since 2.35 (§10.6) */
  readonly thpUnit: "none" | "break" | "breakAndHeaps";
  /** to 2.34: ld.so copies GLIBC_TUNABLES below the heap, which moves the initial break (trap T21) */
  readonly tunablesMoveBreak: boolean;
}

const OLDEST: Profile = {
  name: "2.17",
  versions: ["2.17", "2.18"],
  sameAddressesAs: null,
  mallocStateBytes: 2184,
  heapInfoBytes: 32,
  fastbins: true,
  tcache: "none",
  tcacheStructBytes: 0,
  innerTcacheStruct: "structBytes",
  tcacheCount: 0,
  tcacheMaxChunkBytes: 0,
  tcacheMaxExclusive: false,
  callocUsesTcache: false,
  initialHook: true,
  memalignUsesTcache: false,
  unsortedFit: "stash",
  internalFree: "arena",
  memalign: "A",
  smallFree: "unsorted",
  reallocShortcut: "none",
  heapTrim: "page",
  systrimUnsigned: false,
  mmapTailBytes: 8,
  arenaLimit: "eightPerCpu",
  arenaRefcount: false,
  reusedLeavesFreeList: false,
  vallocConsolidates: true,
  mmapThresholdCapped: true,
  tunables: "nowhere",
  mxfastTunable: false,
  exitFrees: 1,
  thpUnit: "none",
  tunablesMoveBreak: false,
};

/** Spread, so all profiles share one hidden class. */
const glibc217: Profile = { ...OLDEST };

const glibc219: Profile = {
  ...glibc217,
  name: "2.19",
  versions: ["2.19", "2.20", "2.21"],
  vallocConsolidates: false,
  systrimUnsigned: true,
};

const glibc222: Profile = {
  ...glibc219,
  name: "2.22",
  versions: ["2.22"],
  heapTrim: "extraThreshold",
};

const glibc223: Profile = {
  ...glibc222,
  name: "2.23",
  versions: ["2.23", "2.24"],
  mallocStateBytes: 2192,
  heapTrim: "topThreshold",
  arenaRefcount: true,
};

const glibc225: Profile = {
  ...glibc223,
  name: "2.25",
  versions: ["2.25"],
  reusedLeavesFreeList: true,
};

const glibc226: Profile = {
  ...glibc225,
  name: "2.26",
  versions: ["2.26"],
  tcache: "eager",
  tcacheStructBytes: 576,
  tcacheCount: 7,
  tcacheMaxChunkBytes: 1040,
  internalFree: "tcache",
  tunables: "parts",
  tunablesMoveBreak: true,
};

const glibc227: Profile = {
  ...glibc226,
  name: "2.27",
  versions: ["2.27"],
  mallocStateBytes: 2200,
};

const glibc228: Profile = {
  ...glibc227,
  name: "2.28",
  versions: ["2.28", "2.29"],
  mxfastTunable: true,
};

const glibc231: Profile = {
  ...glibc228,
  name: "2.31",
  versions: ["2.30", "2.31"],
  tcacheStructBytes: 640,
};

const glibc232: Profile = {
  ...glibc231,
  name: "2.32",
  versions: ["2.32", "2.33"],
  sameAddressesAs: "2.31",
  exitFrees: 2,
};

const glibc234: Profile = {
  ...glibc232,
  name: "2.34",
  versions: ["2.34"],
  initialHook: false,
};

const glibc236: Profile = {
  ...glibc234,
  name: "2.36",
  versions: ["2.35", "2.36", "2.37"],
  sameAddressesAs: null,
  heapInfoBytes: 48,
  mmapThresholdCapped: false,
  exitFrees: 2,
  thpUnit: "break",
  tunablesMoveBreak: false,
};

/** The release as tagged; the stable branch and distributions of 2.37 reverted the shortcut. */
const glibc237Tag: Profile = {
  ...glibc236,
  name: "2.37-tag",
  versions: ["2.37-tag"],
  reallocShortcut: "shrinksLittle",
};

/** The release as tagged: memalign searches the bins first. */
const glibc238Tag: Profile = {
  ...glibc236,
  name: "2.38-tag",
  versions: ["2.38-tag"],
  memalignUsesTcache: true,
  memalign: "B",
  reallocShortcut: "fits",
};

const glibc239: Profile = {
  ...glibc236,
  name: "2.39",
  versions: ["2.38", "2.39", "2.40"],
  memalignUsesTcache: true,
  memalign: "C",
  reallocShortcut: "fits",
  tunables: "whole",
};

const glibc241: Profile = {
  ...glibc239,
  name: "2.41",
  versions: ["2.41"],
  callocUsesTcache: true,
  smallFree: "smallbin",
};

const glibc242: Profile = {
  ...glibc241,
  name: "2.42",
  versions: ["2.42"],
  tcache: "small",
  tcacheStructBytes: 760,
  tcacheMaxChunkBytes: 1024,
  tcacheMaxExclusive: true,
  internalFree: "arena",
};

/** The stable branch, shipped by distributions: chunks of 1040 bytes are cached again (§10.4). */
const glibc242Stable: Profile = {
  ...glibc242,
  name: "2.42-stable",
  versions: ["2.42-stable"],
  tcacheMaxChunkBytes: 1040,
  tcacheMaxExclusive: false,
};

const glibc243: Profile = {
  ...glibc242,
  name: "2.43",
  versions: ["2.43"],
  mallocStateBytes: 2112,
  fastbins: false,
  tcache: "lazy",
  tcacheCount: 16,
  tcacheMaxChunkBytes: 1040,
  tcacheMaxExclusive: false,
  innerTcacheStruct: "chunkSize",
  memalign: "D",
  thpUnit: "breakAndHeaps",
  mmapTailBytes: 16,
};

const glibc244: Profile = {
  ...glibc243,
  name: "2.44",
  versions: ["2.44"],
  innerTcacheStruct: "structBytes",
  unsortedFit: "return",
  arenaLimit: "cpusOrTest",
  tunables: "file",
};

export const PROFILES: readonly Profile[] = [
  glibc217,
  glibc219,
  glibc222,
  glibc223,
  glibc225,
  glibc226,
  glibc227,
  glibc228,
  glibc231,
  glibc232,
  glibc234,
  glibc236,
  glibc237Tag,
  glibc238Tag,
  glibc239,
  glibc241,
  glibc242,
  glibc242Stable,
  glibc243,
  glibc244,
];

/** The profile of a version such as "2.36"; null for a version that is not modelled. */
export function profileOf(version: string): Profile | null {
  return PROFILES.find((profile) => profile.versions.includes(version)) ?? null;
}
