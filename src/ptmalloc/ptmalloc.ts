import type { Arena } from "./arena.ts";
import { GRANULE, SMALLEST_PAGE } from "./chunks.ts";
import { ProcessHost } from "./core-host.ts";
import { MODEL, TRIM } from "./core-layout.ts";
import { Core, type Instance } from "./core-module.ts";
import { CorePar, writePar, writeProfile } from "./core-settings.ts";
import type { Heap } from "./heap.ts";
import { hugePageBytes, type Machine, thpPageOf, X86_64 } from "./machine.ts";
import type { Mapping } from "./mapping.ts";
import { ProcessRecords } from "./process-records.ts";
import { ProcessThreads } from "./process-threads.ts";
import type { Profile } from "./profile.ts";
import { Resident } from "./resident.ts";
import type { MallocPar } from "./settings.ts";
import { SystemCalls } from "./system-calls.ts";
import { Thread } from "./thread.ts";

/** `cpus` of a process whose number of CPUs is unknown. */
export const UNKNOWN_CPUS = Number.POSITIVE_INFINITY;

/** Evidence from outside the model; consulted where unknown settings decide. All methods concern the current call. */
export interface Witness {
  /** CPUs are unknown: true if the thread, which needs an arena, gets one in use, so that the limit is reached. */
  sharesArena(): boolean;
  /** True if the thread, which needs an arena, gets the main arena although the limit is not reached. */
  sharesMainArena(): boolean;
  /** The arena of the block that the call returns; "new": one that did not exist before; null: unknown. */
  arenaShown(): Arena | "new" | null;
  /**
   * Reports that the thread got the shown arena in place of the model's choice; `passedOver`: those it skipped on the
   * free list.
   */
  choseArena(passedOver: readonly Arena[]): void;
  /**
   * True if a request for a chunk of `bytes` that does not fit in `av` is mapped; `mapped`: the model's settings map
   * it.
   */
  isMapped(av: Arena, bytes: number, mapped: boolean): boolean;
}

/** The chunk records (chunks.ts). */
export class Chunks {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** A view of the core's memory. It is replaced when that grows: read it again after a call. */
  get words(): Int32Array {
    return this.#core.attached.i32;
  }
}

/** Called for each madvise of malloc_trim, with the pages of the heap that it drops: from..to-1. */
export type OnDropped = (heap: Heap, from: number, to: number) => void;

/**
 * The allocator of a process: the state that glibc keeps in globals, and the public calls. Its input is requests: no
 * pointers, no clock. A block is identified by its chunk (chunks.ts); 0 is NULL. The core has the state and the rules
 * (core/README.md).
 */
export class Ptmalloc extends ProcessRecords {
  readonly core: Core;
  readonly machine: Machine;
  readonly par: MallocPar;
  readonly chunks: Chunks;
  readonly resident: Resident;
  readonly systemCalls: SystemCalls;
  readonly threads: ProcessThreads;
  /** bytes of a page of the kernel; the shift from a granule to its page */
  readonly pageBytes: number;
  readonly pageShift: number;
  /** thp_pagesize: the unit of the program break; 0: a page */
  readonly thpBytes: number;

  #profile: Profile;
  #witness: Witness | null = null;
  #trylock: (() => boolean) | null = null;
  #onRaise: ((mmapThreshold: number, trimThreshold: number) => void) | null = null;
  #onDropped: OnDropped | null = null;
  #recordsTrims = false;

  /** `initialBreak`: bytes of the break's page below it at first (trap T21). The first caller is the main thread. */
  constructor(
    profile: Profile,
    par: MallocPar,
    cpus: number,
    initialBreak = 0,
    machine = X86_64,
    original: Ptmalloc | null = null,
    recycled: Ptmalloc | null = null,
  ) {
    super();
    this.#profile = profile;
    this.machine = machine;
    this.pageBytes = machine.pageBytes;
    this.pageShift = Math.log2(machine.pageBytes / GRANULE);
    const host = new ProcessHost(this);
    if (original === null) {
      this.thpBytes = thpPageOf(profile, machine, par.hugetlb);
      this.core = new Core(host, null);
    } else {
      this.thpBytes = original.thpBytes;
      this.#recordsTrims = original.#recordsTrims;
      this.core =
        recycled === null ? original.core.copy(host) : original.core.copyInto(host, recycled.core);
    }
    const corePar = new CorePar(this.core);
    this.par = corePar;
    this.chunks = new Chunks(this.core);
    this.resident = new Resident(this.core);
    this.systemCalls = new SystemCalls(this.core);
    this.threads = new ProcessThreads(this);
    if (original === null) {
      this.#begin(corePar, par, cpus, initialBreak);
    }
  }

  /** Writes what the core reads of a new process. */
  #begin(corePar: CorePar, par: MallocPar, cpus: number, initialBreak: number): void {
    const { pageBytes, thpBytes } = this;
    const { thp } = this.machine;
    const { f64, i32, u8 } = this.core.attached;
    writePar(corePar, par);
    writeProfile(this.core.attached, this.#profile);
    f64[MODEL.pageBytes] = pageBytes;
    f64[MODEL.pageUnits] = pageBytes / SMALLEST_PAGE;
    f64[MODEL.thpBytes] = thpBytes;
    const heapsInThp = thpBytes !== 0 && this.#profile.thpUnit === "breakAndHeaps";
    f64[MODEL.heapUnit] = heapsInThp ? thpBytes : pageBytes;
    f64[MODEL.cpus] = cpus;
    i32[MODEL.pageShift] = this.pageShift;
    i32[MODEL.hugePagePages] = hugePageBytes(pageBytes) / pageBytes;
    u8[MODEL.hugePages] = Number(thp === "always" || (thp === "madvise" && thpBytes !== 0));
    this.core.calls.init(initialBreak);
  }

  /**
   * A process in the same state that shares nothing with this one, without witness, `trylock` and `onRaise`. It takes the
   * memory of `recycled`, a process no longer in use.
   */
  clone(recycled: Ptmalloc | null = null): Ptmalloc {
    return new Ptmalloc(this.#profile, this.par, 0, 0, this.machine, this, recycled);
  }

  get profile(): Profile {
    return this.#profile;
  }

  /** Continues with the rules of another version, which must have the same state for the calls so far. */
  adopt(profile: Profile): void {
    if (this.par.tcacheMaxChunk === this.#profile.tcacheMaxChunkBytes) {
      this.par.tcacheMaxChunk = profile.tcacheMaxChunkBytes;
    }
    this.#profile = profile;
    writeProfile(this.core.attached, profile);
    this.updateLimits();
  }

  /** To be called after a change of `par`. */
  updateLimits(): void {
    this.core.calls.updateLimits();
  }

  /** Makes thread `index` (dense: 0, 1, 2 … in order of appearance) the caller of the following calls. */
  enter(index: number): void {
    this.core.calls.enter(index);
  }

  /** As `enter`; but a thread without cache and arena has given them up and may only free (§6.4). */
  enterEnded(index: number): void {
    this.core.calls.enterEnded(index);
  }

  /** True if the next call of thread `index` may have to share an arena with others. */
  mayReuseArena(index: number): boolean {
    return this.core.calls.mayReuseArena(index) !== 0;
  }

  malloc(bytes: number): number {
    return this.core.calls.malloc(bytes);
  }

  calloc(bytes: number): number {
    return this.core.calls.calloc(bytes);
  }

  /**
   * realloc of a block, which never frees it: glibc's realloc to 0 bytes is a free. Returns its chunk; 0 for NULL, with `c`
   * still valid.
   */
  realloc(c: number, bytes: number): number {
    return this.core.calls.realloc(c, bytes);
  }

  /** memalign, aligned_alloc, posix_memalign; the alignment is rounded up to a power of two. */
  memalign(alignment: number, bytes: number): number {
    return this.core.calls.memalign(alignment, bytes);
  }

  valloc(bytes: number): number {
    return this.core.calls.valloc(bytes);
  }

  pvalloc(bytes: number): number {
    return this.core.calls.pvalloc(bytes);
  }

  free(c: number): void {
    this.core.calls.free(c);
  }

  /** malloc_trim(pad). Returns the bytes that RSS falls by, under the touch policy. */
  mallocTrim(pad: number, onDropped: OnDropped | null = null): number {
    this.#onDropped = onDropped;
    this.setFlag(MODEL.watchesDrops, onDropped !== null);
    const bytes = this.core.calls.mallocTrim(pad) * SMALLEST_PAGE;
    this.#onDropped = null;
    this.setFlag(MODEL.watchesDrops, false);
    return bytes;
  }

  /** mallopt(parameter, value), which consolidates the main arena's fastbins first (§8). */
  mallopt(parameter: number, value: number): void {
    this.core.calls.mallopt(parameter, value);
  }

  /**
   * Thread `index` attaches to its first arena before `others` detach from theirs, although they have ended in the log.
   */
  attachesBefore(index: number, others: readonly number[]): void {
    const { calls } = this.core;
    const bytes = 4 * Math.max(1, others.length);
    const list = calls.allocate(bytes) >>> 0;
    this.core.attached.i32.set(others, list / 4);
    calls.attachesBefore(index, list, others.length);
    calls.release(list, bytes);
  }

  /** The current thread ends. */
  exitThread(): void {
    this.core.calls.exitThread();
  }

  /** sbrk(bytes) by the program. It came before the latest `trims` trims of the main heap, which are undone. */
  foreignSbrk(bytes: number, trims = 0): void {
    this.core.calls.foreignSbrk(bytes, trims);
  }

  /** Writes bytes from..to-1 of a block in `planes`, as the program or the allocator (EVERY_PLANE). */
  write(c: number, from: number, to: number, planes: number): void {
    this.core.calls.write(c, from, to, planes);
  }

  /**
   * The log states bytes of a block: `written`, and `absent`, which are not resident, contrary to earlier writes in
   * LOGGED_PLANES. Both are lists from, to, from, to …, ascending.
   */
  learn(c: number, written: readonly number[], absent: readonly number[]): void {
    const { calls } = this.core;
    const bytes = 8 * Math.max(2, written.length + absent.length);
    const list = calls.allocate(bytes) >>> 0;
    const { f64 } = this.core.attached;
    f64.set(written, list / 8);
    f64.set(absent, list / 8 + written.length);
    const absentList = list + 8 * written.length;
    calls.learn(c, list, written.length / 2, absentList, absent.length / 2);
    calls.release(list, bytes);
  }

  /** memalign moves a mapped chunk up by `granules` within its mapping; negative: it turns out to lie lower. */
  advanceMapped(c: number, granules: number): void {
    this.core.calls.advanceMapped(c, granules);
  }

  /** null: settings decide everything */
  get witness(): Witness | null {
    return this.#witness;
  }

  set witness(witness: Witness | null) {
    this.#witness = witness;
    this.#writeFlags();
  }

  /** called by reused_arena for each arena in turn, true if its lock is free; null: all locks are free */
  get trylock(): (() => boolean) | null {
    return this.#trylock;
  }

  set trylock(trylock: (() => boolean) | null) {
    this.#trylock = trylock;
    this.#writeFlags();
  }

  /** called after a free has raised the dynamic thresholds from these values (§4.6); null: not watched */
  get onRaise(): ((mmapThreshold: number, trimThreshold: number) => void) | null {
    return this.#onRaise;
  }

  set onRaise(onRaise: ((mmapThreshold: number, trimThreshold: number) => void) | null) {
    this.#onRaise = onRaise;
    this.#writeFlags();
  }

  get onDropped(): OnDropped | null {
    return this.#onDropped;
  }

  /**
   * Breaks before the latest trims of the main heap, oldest first, in case foreignSbrk has to undo them; null: not recorded.
   * Setting a list begins to record, or begins again.
   */
  get trims(): readonly { readonly brk: number }[] | null {
    if (!this.#recordsTrims) {
      return null;
    }
    const { i32, f64 } = this.core.attached;
    const table = i32[MODEL.trims]! >>> 2;
    return Array.from({ length: i32[MODEL.trimCount]! }, (_, i) => ({
      brk: f64[(i32[table + i]! >>> 3) + TRIM.brk]!,
    }));
  }

  set trims(trims: readonly never[] | null) {
    this.#recordsTrims = trims !== null;
    this.core.calls.forgetTrims();
    this.#writeFlags();
  }

  /** Records trims from now on, if it does not yet. */
  recordTrims(): void {
    this.#recordsTrims = true;
    this.#writeFlags();
  }

  /** Writes what is no part of a copy, but for a parked process: it is written when that is attached. */
  #writeFlags(): void {
    const { instance } = this.core;
    if (instance !== null) {
      this.writeFlagsTo(instance);
    }
  }

  /** The core has got an instance. */
  writeFlagsTo({ u8 }: Instance): void {
    u8[MODEL.hasWitness] = Number(this.#witness !== null);
    u8[MODEL.hasTrylock] = Number(this.#trylock !== null);
    u8[MODEL.watchesRaises] = Number(this.#onRaise !== null);
    u8[MODEL.recordsTrims] = Number(this.#recordsTrims);
  }

  /** Words of memory that a copy takes. */
  get copiedWords(): number {
    return this.core.imageBytes / 4;
  }

  /** chunksize of a mapping's chunk, in bytes (§4.6) */
  mappedChunkBytes({ totalBytes, offset }: Mapping): number {
    const bytes = totalBytes - offset * GRANULE;
    return this.#profile.mmapTailBytes === 16 ? bytes - 16 : bytes;
  }

  /** the thread that makes the current call */
  get thread(): Thread {
    return new Thread(this, this.core.attached.i32[MODEL.thread]!);
  }

  /** The chunks of the threads' tcache structs, in heaps or mapped: in use, but not held by the program. */
  tcacheStructs(): number[] {
    const structs = [...this.threads.indices()].map((index) => this.threads.structOf(index));
    return structs.filter((struct) => struct !== 0);
  }
}
