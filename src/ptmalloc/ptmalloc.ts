import type { Arena } from "./arena.ts";
import { mallocFromArena, wouldReuseArena } from "./arenas.ts";
import { callocChunk } from "./calloc.ts";
import { GRANULE, MAPPED, PAGE, pageUp, SIZE, STATE } from "./chunks.ts";
import { consolidate } from "./consolidate.ts";
import { copyScalars } from "./copy-scalars.ts";
import { freeChunk } from "./free.ts";
import { FreeList } from "./free-list.ts";
import { memalignChunk } from "./memalign.ts";
import { Memory } from "./memory.ts";
import type { Profile } from "./profile.ts";
import { reallocChunk, staysAtOnce } from "./realloc.ts";
import { EVERY_PLANE, markBlockAbsent, writeBlock } from "./resident.ts";
import { type MallocPar, mallopt } from "./settings.ts";
import { HUGE_BYTES, HUGE_GRANULES, requestToBytes, requestToGranules } from "./size-classes.ts";
import { tcacheInit, tcacheTake } from "./tcache.ts";
import { Thread } from "./thread.ts";
import { exitThread } from "./thread-exit.ts";
import { mallocTrim } from "./trim.ts";
import { type Trim, undoTrims } from "./undo-trims.ts";

/** `cpus` of a process of which nobody knows how many it saw. */
export const UNKNOWN_CPUS = Number.POSITIVE_INFINITY;

/** Somebody who has seen the process, and is asked where settings decide that may be others than the model's. */
export interface Witness {
  /** The CPUs being unknown: does the thread that needs an arena get one that is in use? */
  sharesArena(): boolean;
  /** Does it get the main arena, though the limit on arenas is not reached? */
  sharesMainArena(): boolean;
  /** The arena of the block that the call returns; "new": one that was not there before; null: it does not show. */
  arenaShown(): Arena | "new" | null;
  /** The thread was given that one, although it was the turn of another: these, on the free list, it passed over. */
  choseArena(passedOver: readonly Arena[]): void;
  /** Is a request for a chunk of `bytes`, for which `av` has no room, mapped? `mapped` says what the settings say. */
  isMapped(av: Arena, bytes: number, mapped: boolean): boolean;
}

/**
 * A process's allocator: the state that glibc keeps in globals, and the public calls. It sees requests only: no log,
 * no pointers, no clock. Blocks are named by their chunk (chunks.ts); 0 is NULL.
 */
export class Ptmalloc extends Memory {
  readonly par: MallocPar;
  cpus: number;

  /** all arenas by id; narenas is their number */
  readonly arenas: Arena[];
  readonly freeList = new FreeList();
  nextToUse: Arena;
  /** narenas_limit; 0 until it is computed, and then it means none */
  arenaLimit = 0;

  /** what somebody knows of the process beyond its settings; null: the settings decide all */
  witness: Witness | null = null;

  /** latest trims of the main heap, oldest first, which may turn out not to have happened; null: nobody will ask */
  trims: Trim[] | null = null;

  /** asked in reused_arena for each arena in turn whether its lock is free; null: all are */
  trylock: (() => boolean) | null = null;

  #hasMainThread = false;
  readonly #threads: (Thread | undefined)[] = [];
  /** the thread that makes the current call */
  thread: Thread;
  /** malloc was called, by the program or before the log, so that the initial hook is gone (§5.2) */
  hookGone = false;
  /** SINGLE_THREAD_P is false for good once a second thread exists (§6.6) */
  multiThreaded = false;

  /** granules of heap chunks in the program's hands */
  inUseGranules = 0;
  /** granules of UNLOGGED chunks (unlogged.ts) */
  unloggedGranules = 0;
  /** the current call was served by the thread's tcache; it made that cache */
  servedByTcache = false;
  madeTcacheStruct = false;
  /** transparent huge pages are given to all memory ("always"): RSS is then an upper bound (§9.1) */
  hugePages = false;
  /** chunk size in bytes of the current request, where it is huge (size-classes.ts) */
  hugeBytes = 0;

  // Limits of par in granules, for the comparisons of every call.
  maxFastGranules = 0;
  tcacheMaxGranules = 0;
  /** largest chunk that int_malloc stashes: not always the public calls' limit (§10.4) */
  stashMaxGranules = 0;

  /**
   * `initialBreak` is the program break before the first call, in bytes from the start of its page (0..4095): it is
   * not page-aligned in some processes (trap T21). The first thread to call is the main thread.
   */
  constructor(profile: Profile, par: MallocPar, cpus: number, initialBreak = 0) {
    super(profile, initialBreak);
    this.par = par;
    this.cpus = cpus;
    this.arenas = [this.mainArena];
    this.nextToUse = this.mainArena;
    this.thread = new Thread(0);
    this.updateLimits();
  }

  /**
   * A process in the same state that shares nothing with this one, without its witness and `trylock`. Takes the memory
   * of the chunks, most of all memory, from `recycled`, a process no longer in use.
   */
  clone(recycled: Ptmalloc | null = null): Ptmalloc {
    const copy = new Ptmalloc(this.profile, this.par.clone(this.profile), this.cpus);
    copyScalars<Ptmalloc>(this, copy);
    const arenas = new Map(this.arenas.map((av) => [av, av.clone()]));
    const arenaOf = (av: Arena): Arena => arenas.get(av)!;
    for (const [av, twin] of arenas) {
      twin.next = arenaOf(av.next);
      twin.nextFree = av.nextFree && arenaOf(av.nextFree);
      copy.arenas[av.id] = twin;
    }
    copy.copyMemory(this, arenas, recycled?.chunks ?? null);
    copy.freeList.head = this.freeList.head && arenaOf(this.freeList.head);
    copy.nextToUse = arenaOf(this.nextToUse);
    for (const thread of this.#threads) {
      copy.#threads.push(thread?.clone(thread.arena && arenaOf(thread.arena)));
    }
    copy.thread = copy.#threads[this.thread.index] ?? copy.thread;
    copy.#hasMainThread = this.#hasMainThread;
    copy.trims = this.trims && [...this.trims];
    return copy;
  }

  /** Goes on under the rules of another version, whose arenas are laid out alike so far. */
  adopt(profile: Profile): void {
    if (this.par.tcacheMaxChunk === this.profile.tcacheMaxChunkBytes) {
      this.par.tcacheMaxChunk = profile.tcacheMaxChunkBytes;
    }
    this.profile = profile;
    this.updateLimits();
  }

  /** To be called when `par` has changed. */
  updateLimits(): void {
    this.maxFastGranules = Math.floor(this.par.maxFast / GRANULE);
    this.tcacheMaxGranules = Math.floor(this.par.tcacheMaxChunk / GRANULE);
    this.stashMaxGranules = Math.floor(this.par.stashMaxChunk / GRANULE);
  }

  /** The following calls are made by thread `index` (dense, 0, 1, 2 … in order of appearance). */
  enter(index: number): void {
    this.servedByTcache = false;
    this.madeTcacheStruct = false;
    let thread = this.#threads[index];
    if (thread !== undefined && thread === this.thread) {
      return;
    }
    if (thread === undefined) {
      thread = new Thread(index);
      if (!this.#hasMainThread) {
        this.#hasMainThread = true;
        thread.arena = this.mainArena;
        this.mainArena.attachedThreads = 1;
        this.mainArena.threads.add(index);
      } else {
        this.multiThreaded = true;
      }
      this.#threads[index] = thread;
    }
    this.thread = thread;
  }

  /** True if the next call of thread `index` may have to share an arena with others. */
  mayReuseArena(index: number): boolean {
    const thread = this.#threads[index];
    if (!this.#hasMainThread || (thread?.arena ?? null) !== null) {
      return false;
    }
    return wouldReuseArena(this, thread ?? null);
  }

  malloc(bytes: number): number {
    this.hookGone = true;
    const nb = this.granulesFor(bytes);
    this.#readyTcache(nb);
    const c = this.#mallocChunk(bytes, nb);
    this.#took(c);
    return c;
  }

  calloc(bytes: number): number {
    if (!this.hookGone && this.profile.initialHook) {
      return this.#firstCalloc(bytes);
    }
    const nb = this.granulesFor(bytes);
    this.#readyTcache(nb);
    const c = callocChunk(this, bytes, nb);
    this.#took(c);
    return c;
  }

  /** By way of the initial hook: malloc, and every byte cleared, be it fresh from the kernel (§5.2). */
  #firstCalloc(bytes: number): number {
    const c = this.malloc(bytes);
    if (c !== 0) {
      this.write(c, 0, bytes, EVERY_PLANE);
    }
    return c;
  }

  /** realloc of a block with `bytes` > 0. The old chunk is valid still when the result is 0, and only then. */
  realloc(c: number, bytes: number): number {
    if (staysAtOnce(this, c, bytes)) {
      return c;
    }
    const nb = this.granulesFor(bytes);
    if (this.profile.tcache === "eager" && this.chunks.words[c + STATE] !== MAPPED) {
      this.#readyTcache(nb);
    }
    return reallocChunk(this, c, bytes, nb);
  }

  /** memalign, aligned_alloc, posix_memalign; an alignment that is no power of two is rounded up to one. */
  memalign(alignment: number, bytes: number): number {
    if (alignment <= GRANULE) {
      return this.malloc(bytes);
    }
    let align = 32;
    while (align < alignment) {
      align *= 2;
    }
    const nb = this.granulesFor(bytes);
    if (this.profile.tcache === "small") {
      this.#readyTcache(nb);
    }
    const c = memalignChunk(this, align, bytes, nb);
    this.#took(c);
    return c;
  }

  valloc(bytes: number): number {
    const { arena } = this.thread;
    if (this.profile.vallocConsolidates && arena?.haveFastchunks) {
      consolidate(this, arena);
    }
    return this.memalign(PAGE, bytes);
  }

  pvalloc(bytes: number): number {
    return this.valloc(pageUp(bytes));
  }

  free(c: number): void {
    freeChunk(this, c);
  }

  /** malloc_trim(pad). Returns the bytes that left the resident set, under the touch policy. */
  mallocTrim(pad: number): number {
    const before = this.resident.policyPages;
    mallocTrim(this, pad);
    return (before - this.resident.policyPages) * PAGE;
  }

  /** mallopt(parameter, value), which first consolidates the main arena's fastbins (§8). */
  mallopt(parameter: number, value: number): void {
    if (this.profile.fastbins && this.mainArena.top !== 0) {
      consolidate(this, this.mainArena);
    }
    mallopt(this.par, this.profile, parameter, value);
    this.updateLimits();
  }

  /** Thread `index`, which has no arena yet, is to choose its own before `others` have left theirs. */
  attachesBefore(index: number, others: readonly number[]): void {
    this.enter(index);
    if (this.thread.arena === null) {
      this.thread.detachingLater = others;
    }
  }

  /** The current thread ends. */
  exitThread(): void {
    exitThread(this);
    // Its state is that of a thread not yet seen; threads come and go by the thousand.
    this.#threads[this.thread.index] = undefined;
  }

  /** sbrk(bytes) by the program itself, past malloc; before the latest `trims` trims of the main heap, it turns out. */
  foreignSbrk(bytes: number, trims = 0): void {
    if (trims > 0) {
      undoTrims(this, trims);
    }
    this.brk += bytes;
  }

  /** Bytes from..to-1 of a block are written, in `planes`: by the program, or by the allocator. */
  write(c: number, from: number, to: number, planes: number): void {
    if (this.chunks.words[c + STATE] !== MAPPED) {
      writeBlock(this, c, from, to, planes);
    } else {
      this.mappingOf(c).write(this.resident, from, to, planes);
    }
  }

  /** Bytes from..to-1 of a block, taken to be written, turn out not to be resident. */
  markAbsent(c: number, from: number, to: number): void {
    if (this.chunks.words[c + STATE] !== MAPPED) {
      markBlockAbsent(this, c, from, to);
    } else {
      this.mappingOf(c).markAbsent(this.resident, from, to);
    }
  }

  /** alloc_perturb: under MALLOC_PERTURB_ a block fresh from an arena is filled. */
  perturb(c: number, bytes: number): void {
    if (this.par.perturb) {
      this.write(c, 0, bytes, EVERY_PLANE);
    }
  }

  allThreads(): readonly Thread[] {
    return this.#threads.filter((thread) => thread !== undefined);
  }

  /** The chunks of the threads' tcache structs: in use, but not by the program. */
  tcacheStructs(): number[] {
    return this.allThreads().flatMap(({ tcacheStruct }) => (tcacheStruct ? [tcacheStruct] : []));
  }

  /** Sum of the sizes of the chunks in the program's hands, in bytes. */
  get inUseBytes(): number {
    return this.inUseGranules * GRANULE + this.mappedBytes - this.mappedLeadBytes;
  }

  /** request2size; remembers the true size of a huge request. */
  granulesFor(bytes: number): number {
    if (bytes >= HUGE_BYTES) {
      this.hugeBytes = requestToBytes(bytes);
    }
    return requestToGranules(bytes);
  }

  /** Bytes of a chunk of `nb` granules; of a huge one those of the current request. */
  bytesOf(nb: number): number {
    return nb === HUGE_GRANULES ? this.hugeBytes : nb * GRANULE;
  }

  /** The tcache comes to be at a thread's first call; when exactly differs between versions (§3.2). */
  #readyTcache(nb: number): void {
    if (this.thread.tcache !== "inactive") {
      return;
    }
    const { tcache } = this.profile;
    if (tcache === "eager" || (tcache === "small" && nb <= this.tcacheMaxGranules)) {
      tcacheInit(this);
    }
  }

  #mallocChunk(bytes: number, nb: number): number {
    const cached = tcacheTake(this, nb);
    if (cached !== 0) {
      return cached;
    }
    const c = mallocFromArena(this, bytes, nb);
    if (c !== 0) {
      this.perturb(c, bytes);
    }
    return c;
  }

  #took(c: number): void {
    const w = this.chunks.words;
    if (w[c + STATE] !== MAPPED) {
      this.inUseGranules += w[c + SIZE]!;
    }
  }
}
