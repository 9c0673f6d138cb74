/** The version's rules, as profile.ts of the facade describes them; it writes them here. */
@unmanaged
export class Profile {
  mallocStateBytes: f64;
  heapInfoBytes: f64;
  tcacheStructBytes: f64;
  mmapTailBytes: f64;
  fastbins: bool;
  callocUsesTcache: bool;
  initialHook: bool;
  memalignUsesTcache: bool;
  systrimUnsigned: bool;
  arenaRefcount: bool;
  reusedLeavesFreeList: bool;
  vallocConsolidates: bool;
  /** TCACHE_NONE … */
  tcache: u8;
  /** INNER_STRUCT_BYTES … */
  innerTcacheStruct: u8;
  /** FIT_STASH … */
  unsortedFit: u8;
  /** INTERNAL_TCACHE … */
  internalFree: u8;
  /** MEMALIGN_A … */
  memalign: u8;
  /** SMALL_UNSORTED … */
  smallFree: u8;
  /** SHORTCUT_NONE … */
  reallocShortcut: u8;
  /** TRIM_PAGE … */
  heapTrim: u8;
  /** LIMIT_EIGHT_PER_CPU … */
  arenaLimit: u8;
  /** THP_NONE … */
  thpUnit: u8;
}

// The texts of each field's type, by their place in the lists of core-profile.ts.
export const TCACHE_NONE: u8 = 0;
export const TCACHE_EAGER: u8 = 1;
export const TCACHE_SMALL: u8 = 2;
export const TCACHE_LAZY: u8 = 3;

export const INNER_STRUCT_BYTES: u8 = 0;
export const INNER_CHUNK_SIZE: u8 = 1;

export const FIT_STASH: u8 = 0;
export const FIT_RETURN: u8 = 1;

export const INTERNAL_TCACHE: u8 = 0;
export const INTERNAL_ARENA: u8 = 1;

export const MEMALIGN_A: u8 = 0;
export const MEMALIGN_B: u8 = 1;
export const MEMALIGN_C: u8 = 2;
export const MEMALIGN_D: u8 = 3;

export const SMALL_UNSORTED: u8 = 0;
export const SMALL_SMALLBIN: u8 = 1;

export const SHORTCUT_NONE: u8 = 0;
export const SHORTCUT_FITS: u8 = 1;
export const SHORTCUT_SHRINKS_LITTLE: u8 = 2;

export const TRIM_PAGE: u8 = 0;
export const TRIM_EXTRA_THRESHOLD: u8 = 1;
export const TRIM_TOP_THRESHOLD: u8 = 2;

export const LIMIT_EIGHT_PER_CPU: u8 = 0;
export const LIMIT_CPUS_OR_TEST: u8 = 1;

export const THP_NONE: u8 = 0;
export const THP_BREAK: u8 = 1;
export const THP_BREAK_AND_HEAPS: u8 = 2;
