import { GRANULE } from "./chunks.ts";
import type { Profile } from "./profile.ts";
import { requestToGranules } from "./size-classes.ts";

export const DEFAULT_MMAP_THRESHOLD = 128 * 1024;
export const DEFAULT_TRIM_THRESHOLD = 128 * 1024;
/** maximum of the dynamic threshold, and half of HEAP_MAX_SIZE */
export const DEFAULT_MMAP_THRESHOLD_MAX = 32 * 1024 * 1024;

/**
 * malloc_par: the settings of a process (ptmalloc2.md §2.5, §8). Sizes are bytes. mmapThreshold and trimThreshold are
 * dynamic unless `noDynThreshold` is set.
 */
export class MallocPar {
  trimThreshold = DEFAULT_TRIM_THRESHOLD;
  /** DEFAULT_TOP_PAD; malloc-machine.h replaces the 0 of malloc.c */
  topPad = 131072;
  /** raised when a mapped chunk is freed (§4.6) */
  mmapThreshold = DEFAULT_MMAP_THRESHOLD;
  /** n_mmaps_max */
  mmapMax = 65536;
  noDynThreshold = false;
  arenaTest = 8;
  /** 0: unset, so that the limit follows from the CPUs (§6.1) */
  arenaMax = 0;
  /** largest chunk that goes to a fastbin */
  maxFast = 128;
  tcacheCount: number;
  /** largest chunk that public calls put into or take from the tcache */
  tcacheMaxChunk: number;
  /** largest chunk that _int_malloc moves to the tcache (§10.4) */
  stashMaxChunk = 1040;
  /** chunks that the unsorted scan may bin before it returns a cached fit; 0: no limit (§3.4) */
  tcacheUnsortedLimit = 0;
  /** glibc.malloc.hugetlb: 0, or 1 for transparent huge pages; null: not set (§10.6) */
  hugetlb: number | null = null;
  /** MALLOC_PERTURB_ is not 0: malloc and free write whole blocks */
  perturb = false;

  constructor(profile: Profile) {
    this.tcacheCount = profile.tcacheCount;
    this.tcacheMaxChunk = profile.tcacheMaxChunkBytes;
    if (!profile.fastbins) {
      this.maxFast = 0;
    }
  }
}

/** Largest request of the small tcache bins, in chunks of 1040 bytes. */
const TCACHE_MAX_SMALL_REQUEST = 1032;
/** MAX_FAST_SIZE */
const MAX_FAST_REQUEST = 160;

interface Setting {
  /** the environment variable, if there is one */
  readonly env?: string;
  /** the tunable's name after "glibc.malloc." */
  readonly tunable: string;
  readonly min: number;
  readonly max: (profile: Profile) => number;
  readonly exists: (profile: Profile) => boolean;
  readonly apply: (par: MallocPar, value: number, profile: Profile) => void;
}

const SIZE_MAX = 2 ** 64 - 1;
/** bytes a process on x86_64 can address */
const ADDRESS_SPACE = 2 ** 47;
const INT_MAX = 2 ** 31 - 1;
const always = (): boolean => true;
const withTcache = (profile: Profile): boolean => profile.tcache !== "none";

/** set_max_fast: requests up to `value` bytes go to fastbins. */
function setMaxFast(par: MallocPar, profile: Profile, value: number): void {
  if (profile.fastbins) {
    par.maxFast = value <= 7 ? 16 : Math.floor((value + 8) / 16) * 16;
  }
}

const SETTINGS: readonly Setting[] = [
  {
    env: "MALLOC_ARENA_MAX",
    tunable: "arena_max",
    min: 1,
    max: () => INT_MAX,
    exists: always,
    apply: (par, value) => {
      par.arenaMax = value;
    },
  },
  {
    env: "MALLOC_ARENA_TEST",
    tunable: "arena_test",
    min: 1,
    max: () => INT_MAX,
    exists: always,
    apply: (par, value) => {
      par.arenaTest = value;
    },
  },
  {
    env: "MALLOC_TRIM_THRESHOLD_",
    tunable: "trim_threshold",
    min: 0,
    max: () => SIZE_MAX,
    exists: always,
    apply: (par, value) => {
      par.trimThreshold = value;
      par.noDynThreshold = true;
    },
  },
  {
    env: "MALLOC_TOP_PAD_",
    tunable: "top_pad",
    min: 0,
    // glibc accepts more, and then every allocation fails.
    max: () => ADDRESS_SPACE,
    exists: always,
    apply: (par, value) => {
      par.topPad = value;
      par.noDynThreshold = true;
    },
  },
  {
    env: "MALLOC_MMAP_THRESHOLD_",
    tunable: "mmap_threshold",
    min: 0,
    max: () => SIZE_MAX,
    exists: always,
    apply: (par, value, profile) => {
      if (profile.mmapThresholdCapped && value > DEFAULT_MMAP_THRESHOLD_MAX) {
        return;
      }
      par.mmapThreshold = value;
      par.noDynThreshold = true;
    },
  },
  {
    env: "MALLOC_MMAP_MAX_",
    tunable: "mmap_max",
    min: 0,
    max: () => INT_MAX,
    exists: always,
    apply: (par, value) => {
      par.mmapMax = value;
      par.noDynThreshold = true;
    },
  },
  {
    env: "MALLOC_PERTURB_",
    tunable: "perturb",
    min: 0,
    max: () => 255,
    exists: always,
    apply: (par, value) => {
      par.perturb = value !== 0;
    },
  },
  {
    tunable: "tcache_count",
    min: 0,
    max: (profile) => (profile.tcacheStructBytes <= 576 ? 127 : 65535),
    exists: withTcache,
    apply: (par, value) => {
      par.tcacheCount = value;
    },
  },
  {
    tunable: "tcache_max",
    min: 0,
    // 2.42 and later accept more and then use tcache bins for large chunks, which are not modelled.
    max: () => TCACHE_MAX_SMALL_REQUEST,
    exists: withTcache,
    apply: (par, value, profile) => {
      const chunk = requestToGranules(value) * GRANULE;
      par.tcacheMaxChunk = profile.tcacheMaxExclusive ? chunk - 16 : chunk;
      par.stashMaxChunk = Math.min(chunk, 1040);
    },
  },
  {
    tunable: "tcache_unsorted_limit",
    min: 0,
    max: () => SIZE_MAX,
    exists: (profile) => withTcache(profile) && profile.unsortedFit === "stash",
    apply: (par, value) => {
      par.tcacheUnsortedLimit = value;
    },
  },
  {
    tunable: "mxfast",
    min: 0,
    max: () => MAX_FAST_REQUEST,
    exists: (profile) => profile.mxfastTunable,
    apply: (par, value, profile) => {
      setMaxFast(par, profile, value);
    },
  },
  {
    tunable: "hugetlb",
    min: 0,
    max: () => SIZE_MAX,
    exists: (profile) => profile.thpUnit !== "none",
    apply: (par, value) => {
      par.hugetlb = value;
    },
  },
];

/** Settings of glibc that are not modelled, each with the reason. */
const NOT_MODELLED: Readonly<Record<string, string>> = {
  MALLOC_CHECK_: "it replaces malloc with a checking version",
  "glibc.malloc.check": "it replaces malloc with a checking version",
};

/** A number as glibc parses tunables: decimal, hexadecimal after 0x, octal after 0; else NaN. */
function numberOf(text: string): number {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) {
    return Number(text);
  }
  if (/^0[0-7]+$/.test(text)) {
    return Number.parseInt(text, 8);
  }
  // Negative numbers wrap: mallopt(3) disables trimming with -1.
  if (/^-[0-9]+$/.test(text)) {
    return SIZE_MAX + 1 + Number(text);
  }
  return /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
}

function find(name: string): Setting | null {
  return (
    SETTINGS.find(
      (setting) => setting.env === name || `glibc.malloc.${setting.tunable}` === name,
    ) ?? null
  );
}

/** The tunable called `name` or set by the environment variable `name`; null if unknown. */
export function tunableOf(name: string): string | null {
  const setting = find(name);
  return setting === null ? null : `glibc.malloc.${setting.tunable}`;
}

const FREEZING: readonly string[] = ["mmap_threshold", "trim_threshold", "top_pad", "mmap_max"];

/** True for a variable or a tunable that keeps the thresholds from moving (ptmalloc2.md §4.6). */
export function freezesThresholds(name: string): boolean {
  return FREEZING.some((tunable) => tunableOf(name) === `glibc.malloc.${tunable}`);
}

/** All names that `applySetting` accepts, environment variables first. */
export function settingNames(): string[] {
  const env = SETTINGS.flatMap((setting) => (setting.env === undefined ? [] : [setting.env]));
  return [...env, ...SETTINGS.map((setting) => `glibc.malloc.${setting.tunable}`)];
}

/**
 * Applies a setting to `par` as glibc does at start. Returns null on success, else a one-line error: an unknown name, a
 * value that glibc refuses, or a tunable that this version does not have.
 */
export function applySetting(
  par: MallocPar,
  profile: Profile,
  name: string,
  text: string,
): string | null {
  const refused = NOT_MODELLED[name];
  if (refused !== undefined) {
    return `${name} is not modelled: ${refused}`;
  }
  const setting = find(name);
  if (setting === null) {
    return `unknown setting ${name}; known are ${settingNames().join(", ")}`;
  }
  if (!setting.exists(profile) || (name !== setting.env && profile.tunables === "nowhere")) {
    return `glibc ${profile.name} has no ${name}`;
  }
  const value = numberOf(text);
  if (setting.tunable === "hugetlb" && value >= 2) {
    return `${name}=${text} is not modelled: malloc takes memory from hugetlbfs`;
  }
  const max = setting.max(profile);
  if (!(value >= setting.min && value <= max)) {
    const range = `from ${setting.min} to ${max === SIZE_MAX ? "2^64-1" : max}`;
    return `${name}=${text}: glibc takes a whole number of bytes or units ${range}, without suffix`;
  }
  setting.apply(par, value, profile);
  return null;
}

const M_MMAP_MAX = -4;
const M_PERTURB = -6;

/** The parameters of mallopt(3), by number. */
const MALLOPT: Readonly<Record<number, string>> = {
  1: "glibc.malloc.mxfast",
  [-1]: "MALLOC_TRIM_THRESHOLD_",
  [-2]: "MALLOC_TOP_PAD_",
  [-3]: "MALLOC_MMAP_THRESHOLD_",
  [M_MMAP_MAX]: "MALLOC_MMAP_MAX_",
  [M_PERTURB]: "MALLOC_PERTURB_",
  [-7]: "MALLOC_ARENA_TEST",
  [-8]: "MALLOC_ARENA_MAX",
};

/** mallopt(parameter, value): a value that glibc refuses changes nothing (§8). */
export function mallopt(par: MallocPar, profile: Profile, parameter: number, value: number): void {
  const setting = find(MALLOPT[parameter] ?? "");
  if (setting === null) {
    return;
  }
  // The int is converted to size_t: negative values become huge. M_PERTURB accepts any int.
  const stored = value < 0 ? 2 ** 64 + value : value;
  if (parameter === M_PERTURB) {
    par.perturb = value !== 0;
  } else if (parameter === M_MMAP_MAX && value < 0) {
    setting.apply(par, 0, profile);
  } else if (stored <= setting.max(profile) && stored >= setting.min) {
    setting.apply(par, stored, profile);
  }
}
