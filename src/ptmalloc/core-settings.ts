import { PAR, PROFILE } from "./core-layout.ts";
import type { Core, Instance } from "./core-module.ts";
import type { Profile } from "./profile.ts";
import type { MallocPar } from "./settings.ts";

/** malloc_par as the core keeps it. */
export class CorePar implements MallocPar {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  get trimThreshold(): number {
    return this.#number(PAR.trimThreshold);
  }

  set trimThreshold(bytes: number) {
    this.#set(PAR.trimThreshold, bytes);
  }

  get topPad(): number {
    return this.#number(PAR.topPad);
  }

  set topPad(bytes: number) {
    this.#set(PAR.topPad, bytes);
  }

  get mmapThreshold(): number {
    return this.#number(PAR.mmapThreshold);
  }

  set mmapThreshold(bytes: number) {
    this.#set(PAR.mmapThreshold, bytes);
  }

  get mmapMax(): number {
    return this.#number(PAR.mmapMax);
  }

  set mmapMax(blocks: number) {
    this.#set(PAR.mmapMax, blocks);
  }

  get arenaTest(): number {
    return this.#number(PAR.arenaTest);
  }

  set arenaTest(arenas: number) {
    this.#set(PAR.arenaTest, arenas);
  }

  get arenaMax(): number {
    return this.#number(PAR.arenaMax);
  }

  set arenaMax(arenas: number) {
    this.#set(PAR.arenaMax, arenas);
  }

  get maxFast(): number {
    return this.#number(PAR.maxFast);
  }

  set maxFast(bytes: number) {
    this.#set(PAR.maxFast, bytes);
  }

  get tcacheCount(): number {
    return this.#number(PAR.tcacheCount);
  }

  set tcacheCount(chunks: number) {
    this.#set(PAR.tcacheCount, chunks);
  }

  get tcacheMaxChunk(): number {
    return this.#number(PAR.tcacheMaxChunk);
  }

  set tcacheMaxChunk(bytes: number) {
    this.#set(PAR.tcacheMaxChunk, bytes);
  }

  get stashMaxChunk(): number {
    return this.#number(PAR.stashMaxChunk);
  }

  set stashMaxChunk(bytes: number) {
    this.#set(PAR.stashMaxChunk, bytes);
  }

  get tcacheUnsortedLimit(): number {
    return this.#number(PAR.tcacheUnsortedLimit);
  }

  set tcacheUnsortedLimit(chunks: number) {
    this.#set(PAR.tcacheUnsortedLimit, chunks);
  }

  get hugetlb(): number | null {
    const value = this.#number(PAR.hugetlb);
    return Number.isNaN(value) ? null : value;
  }

  set hugetlb(value: number | null) {
    this.#set(PAR.hugetlb, value ?? Number.NaN);
  }

  get noDynThreshold(): boolean {
    return this.#core.attached.u8[PAR.noDynThreshold] !== 0;
  }

  set noDynThreshold(is: boolean) {
    this.#core.attached.u8[PAR.noDynThreshold] = is ? 1 : 0;
  }

  get perturb(): boolean {
    return this.#core.attached.u8[PAR.perturb] !== 0;
  }

  set perturb(is: boolean) {
    this.#core.attached.u8[PAR.perturb] = is ? 1 : 0;
  }

  #number(field: number): number {
    return this.#core.attached.f64[field]!;
  }

  #set(field: number, value: number): void {
    this.#core.attached.f64[field] = value;
  }
}

/** Copies all of `par` into the core. */
export function writePar(to: CorePar, par: MallocPar): void {
  to.trimThreshold = par.trimThreshold;
  to.topPad = par.topPad;
  to.mmapThreshold = par.mmapThreshold;
  to.mmapMax = par.mmapMax;
  to.arenaTest = par.arenaTest;
  to.arenaMax = par.arenaMax;
  to.maxFast = par.maxFast;
  to.tcacheCount = par.tcacheCount;
  to.tcacheMaxChunk = par.tcacheMaxChunk;
  to.stashMaxChunk = par.stashMaxChunk;
  to.tcacheUnsortedLimit = par.tcacheUnsortedLimit;
  to.hugetlb = par.hugetlb;
  to.noDynThreshold = par.noDynThreshold;
  to.perturb = par.perturb;
}

/** The numbers of core/profile.ts for the texts of a profile: by place. */
const TCACHE = ["none", "eager", "small", "lazy"] as const;
const INNER_STRUCT = ["structBytes", "chunkSize"] as const;
const UNSORTED_FIT = ["stash", "return"] as const;
const INTERNAL_FREE = ["tcache", "arena"] as const;
const MEMALIGN = ["A", "B", "C", "D"] as const;
const SMALL_FREE = ["unsorted", "smallbin"] as const;
const REALLOC_SHORTCUT = ["none", "fits", "shrinksLittle"] as const;
const HEAP_TRIM = ["page", "extraThreshold", "topThreshold"] as const;
const ARENA_LIMIT = ["eightPerCpu", "cpusOrTest"] as const;
const THP_UNIT = ["none", "break", "breakAndHeaps"] as const;

/** Copies what the core reads of a profile into it. */
export function writeProfile({ u8, f64 }: Instance, profile: Profile): void {
  f64[PROFILE.mallocStateBytes] = profile.mallocStateBytes;
  f64[PROFILE.heapInfoBytes] = profile.heapInfoBytes;
  f64[PROFILE.tcacheStructBytes] = profile.tcacheStructBytes;
  f64[PROFILE.mmapTailBytes] = profile.mmapTailBytes;
  u8[PROFILE.fastbins] = Number(profile.fastbins);
  u8[PROFILE.callocUsesTcache] = Number(profile.callocUsesTcache);
  u8[PROFILE.initialHook] = Number(profile.initialHook);
  u8[PROFILE.memalignUsesTcache] = Number(profile.memalignUsesTcache);
  u8[PROFILE.systrimUnsigned] = Number(profile.systrimUnsigned);
  u8[PROFILE.arenaRefcount] = Number(profile.arenaRefcount);
  u8[PROFILE.reusedLeavesFreeList] = Number(profile.reusedLeavesFreeList);
  u8[PROFILE.vallocConsolidates] = Number(profile.vallocConsolidates);
  u8[PROFILE.tcache] = TCACHE.indexOf(profile.tcache);
  u8[PROFILE.innerTcacheStruct] = INNER_STRUCT.indexOf(profile.innerTcacheStruct);
  u8[PROFILE.unsortedFit] = UNSORTED_FIT.indexOf(profile.unsortedFit);
  u8[PROFILE.internalFree] = INTERNAL_FREE.indexOf(profile.internalFree);
  u8[PROFILE.memalign] = MEMALIGN.indexOf(profile.memalign);
  u8[PROFILE.smallFree] = SMALL_FREE.indexOf(profile.smallFree);
  u8[PROFILE.reallocShortcut] = REALLOC_SHORTCUT.indexOf(profile.reallocShortcut);
  u8[PROFILE.heapTrim] = HEAP_TRIM.indexOf(profile.heapTrim);
  u8[PROFILE.arenaLimit] = ARENA_LIMIT.indexOf(profile.arenaLimit);
  u8[PROFILE.thpUnit] = THP_UNIT.indexOf(profile.thpUnit);
}
