import type { Arena } from "./arena.ts";
import { mallocFromArena } from "./arenas.ts";
import { callocChunk } from "./calloc.ts";
import { GRANULE, MAPPED, SIZE, SMALLEST_PAGE, STATE } from "./chunks.ts";
import { consolidate } from "./consolidate.ts";
import { copyScalars } from "./copy-scalars.ts";
import { freeChunk } from "./free.ts";
import { FreeList } from "./free-list.ts";
import { thpPageOf, X86_64 } from "./machine.ts";
import { memalignChunk } from "./memalign.ts";
import { Memory } from "./memory.ts";
import { ProcessThreads } from "./process-threads.ts";
import type { Profile } from "./profile.ts";
import { reallocChunk, shortcutApplies } from "./realloc.ts";
import { EVERY_PLANE, LOGGED_PLANES, markBlockAbsent, writeBlock } from "./resident.ts";
import { type MallocPar, mallopt } from "./settings.ts";
import { HUGE_BYTES, HUGE_GRANULES, requestToBytes, requestToGranules } from "./size-classes.ts";
import { mallocInitsTcache, tcacheInit, tcacheTake } from "./tcache.ts";
import { ENDED_THREAD, Thread } from "./thread.ts";
import { exitThread } from "./thread-exit.ts";
import { mallocTrim } from "./trim.ts";
import { type Trim, undoTrims } from "./undo-trims.ts";

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

/**
 * The allocator of a process: the state that glibc keeps in globals, and the public calls. Its input is requests: no
 * pointers, no clock. A block is identified by its chunk (chunks.ts); 0 is NULL.
 */
export class Ptmalloc extends Memory {
  readonly par: MallocPar;
  cpus: number;

  /** all arenas by id; their number is narenas */
  readonly arenas: Arena[];
  readonly freeList = new FreeList();
  nextToUse: Arena;
  /** narenas_limit; 0: not computed yet, no limit */
  arenaLimit = 0;

  /** null: settings decide everything */
  witness: Witness | null = null;

  /** latest trims of the main heap, oldest first, in case foreignSbrk has to undo them; null: not recorded */
  trims: Trim[] | null = null;

  /** called by reused_arena for each arena in turn, true if its lock is free; null: all locks are free */
  trylock: (() => boolean) | null = null;

  /** called after a free has raised the dynamic thresholds from these values (§4.6); null: not watched */
  onRaise: ((mmapThreshold: number, trimThreshold: number) => void) | null = null;

  threads: ProcessThreads;
  /** the thread that makes the current call */
  thread: Thread;
  /** the program called malloc or realloc, or the log began later: the initial hook is removed (§5.2) */
  initialHookDone = false;
  /** !SINGLE_THREAD_P: true for good once a second thread exists (§6.6) */
  multiThreaded = false;

  /** granules of heap chunks held by the program */
  inUseGranules = 0;
  /** granules of UNLOGGED chunks (unlogged.ts) */
  unloggedGranules = 0;
  /** the current call took its chunk from the tcache */
  servedByTcache = false;
  /** the current call allocated the thread's tcache struct */
  madeTcacheStruct = false;
  /** chunk size in bytes of the latest huge request (size-classes.ts) */
  hugeBytes = 0;

  // Limits of `par` in granules, which every call compares with.
  maxFastGranules = 0;
  tcacheMaxGranules = 0;
  /** largest chunk that _int_malloc stashes in the tcache; may differ from the limit of public calls (§10.4) */
  stashMaxGranules = 0;

  /** `initialBreak`: bytes of the break's page below it at first (trap T21). The first caller is the main thread. */
  constructor(profile: Profile, par: MallocPar, cpus: number, initialBreak = 0, machine = X86_64) {
    super(profile, initialBreak, machine, thpPageOf(profile, machine, par.hugetlb));
    this.par = par;
    this.cpus = cpus;
    this.arenas = [this.mainArena];
    this.nextToUse = this.mainArena;
    this.threads = new ProcessThreads(this.arenas);
    this.thread = new Thread(-1);
    this.updateLimits();
  }

  /**
   * A process in the same state that shares nothing with this one, without witness, `trylock` and `onRaise`. The chunks and
   * threads, most of the memory, go to that of `recycled`, a process no longer in use.
   */
  clone(recycled: Ptmalloc | null = null): Ptmalloc {
    const par = this.par.clone(this.profile);
    const copy = new Ptmalloc(this.profile, par, this.cpus, 0, this.machine);
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
    copy.threads = this.threads.clone(copy.arenas, recycled?.threads);
    copy.thread = copy.threads.at(this.thread.index) ?? copy.thread;
    copy.trims = this.trims && [...this.trims];
    return copy;
  }

  /** Continues with the rules of another version, which must have the same state for the calls so far. */
  adopt(profile: Profile): void {
    if (this.par.tcacheMaxChunk === this.profile.tcacheMaxChunkBytes) {
      this.par.tcacheMaxChunk = profile.tcacheMaxChunkBytes;
    }
    this.profile = profile;
    this.updateLimits();
  }

  /** To be called after a change of `par`. */
  updateLimits(): void {
    this.maxFastGranules = Math.floor(this.par.maxFast / GRANULE);
    this.tcacheMaxGranules = Math.floor(this.par.tcacheMaxChunk / GRANULE);
    this.stashMaxGranules = Math.floor(this.par.stashMaxChunk / GRANULE);
  }

  /** Makes thread `index` (dense: 0, 1, 2 … in order of appearance) the caller of the following calls. */
  enter(index: number): void {
    this.servedByTcache = false;
    this.madeTcacheStruct = false;
    if (index === this.thread.index) {
      return;
    }
    let thread = this.threads.enter(index);
    if (thread === null) {
      this.multiThreaded ||= this.threads.hasMain;
      thread = this.threads.add(index, this.mainArena);
    }
    this.thread = thread;
  }

  /** As `enter`; but a thread without cache and arena has given them up and may only free (§6.4). */
  enterEnded(index: number): void {
    this.enter(index);
    if (this.thread.arena === null && this.thread.tcache === "inactive") {
      this.thread = ENDED_THREAD;
    }
  }

  malloc(bytes: number): number {
    this.initialHookDone = true;
    const nb = this.granulesFor(bytes);
    this.#maybeInitTcache(nb);
    const c = this.#mallocChunk(bytes, nb);
    this.#countHeld(c);
    return c;
  }

  calloc(bytes: number): number {
    if (!this.initialHookDone && this.profile.initialHook) {
      return this.#firstCalloc(bytes);
    }
    const nb = this.granulesFor(bytes);
    this.#maybeInitTcache(nb);
    const c = callocChunk(this, bytes, nb);
    this.#countHeld(c);
    return c;
  }

  /** calloc by the initial hook: malloc, and all bytes are cleared, even new ones from the kernel (§5.2). */
  #firstCalloc(bytes: number): number {
    const c = this.malloc(bytes);
    if (c !== 0) {
      this.write(c, 0, bytes, EVERY_PLANE);
    }
    return c;
  }

  /**
   * realloc of a block, which never frees it: glibc's realloc to 0 bytes is a free. Returns its chunk; 0 for NULL, with `c`
   * still valid.
   */
  realloc(c: number, bytes: number): number {
    this.initialHookDone = true;
    if (shortcutApplies(this, c, bytes)) {
      return c;
    }
    const nb = this.granulesFor(bytes);
    if (this.profile.tcache === "eager" && this.chunks.words[c + STATE] !== MAPPED) {
      this.#maybeInitTcache(nb);
    }
    return reallocChunk(this, c, bytes, nb);
  }

  /** memalign, aligned_alloc, posix_memalign; the alignment is rounded up to a power of two. */
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
      this.#maybeInitTcache(nb);
    }
    const c = memalignChunk(this, align, bytes, nb);
    this.#countHeld(c);
    return c;
  }

  valloc(bytes: number): number {
    const { arena } = this.thread;
    if (this.profile.vallocConsolidates && arena?.haveFastchunks) {
      consolidate(this, arena);
    }
    return this.memalign(this.pageBytes, bytes);
  }

  pvalloc(bytes: number): number {
    return this.valloc(this.pageUp(bytes));
  }

  free(c: number): void {
    freeChunk(this, c);
  }

  /** malloc_trim(pad). Returns the bytes that RSS falls by, under the touch policy. */
  mallocTrim(pad: number): number {
    const before = this.resident.policyPages;
    mallocTrim(this, pad);
    return (before - this.resident.policyPages) * SMALLEST_PAGE;
  }

  /** mallopt(parameter, value), which consolidates the main arena's fastbins first (§8). */
  mallopt(parameter: number, value: number): void {
    if (this.profile.fastbins && this.mainArena.top !== 0) {
      consolidate(this, this.mainArena);
    }
    mallopt(this.par, this.profile, parameter, value);
    this.updateLimits();
  }

  /**
   * Thread `index` attaches to its first arena before `others` detach from theirs, although they have ended in the log.
   */
  attachesBefore(index: number, others: readonly number[]): void {
    this.enter(index);
    if (this.thread.arena === null) {
      this.thread.detachingLater = others;
    }
  }

  /** The current thread ends. */
  exitThread(): void {
    exitThread(this);
    this.threads.remove(this.thread);
  }

  /** sbrk(bytes) by the program. It came before the latest `trims` trims of the main heap, which are undone. */
  foreignSbrk(bytes: number, trims = 0): void {
    if (trims > 0) {
      undoTrims(this, trims);
    }
    this.brk += bytes;
    this.calledSbrk = true;
    this.systemCalls.knowsBreak = true;
  }

  /** Writes bytes from..to-1 of a block in `planes`, as the program or the allocator (EVERY_PLANE). */
  write(c: number, from: number, to: number, planes: number): void {
    if (this.chunks.words[c + STATE] !== MAPPED) {
      writeBlock(this, c, from, to, planes);
    } else {
      this.ownMappingOf(c).write(this.resident, from, to, planes);
    }
  }

  /**
   * The log states bytes of a block: `written`, and `absent`, which are not resident, contrary to earlier writes in
   * LOGGED_PLANES. Both are lists from, to, from, to …, ascending.
   */
  learn(c: number, written: readonly number[], absent: readonly number[]): void {
    if (this.chunks.words[c + STATE] === MAPPED) {
      this.ownMappingOf(c).learn(this.resident, written, absent);
      return;
    }
    for (let i = 0; i < written.length; i += 2) {
      writeBlock(this, c, written[i]!, written[i + 1]!, LOGGED_PLANES);
    }
    for (let i = 0; i < absent.length; i += 2) {
      markBlockAbsent(this, c, absent[i]!, absent[i + 1]!);
    }
  }

  /** alloc_perturb: with MALLOC_PERTURB_, a block from an arena is filled. */
  perturb(c: number, bytes: number): void {
    if (this.par.perturb) {
      this.write(c, 0, bytes, EVERY_PLANE);
    }
  }

  /** The chunks of the threads' tcache structs, in heaps or mapped: in use, but not held by the program. */
  tcacheStructs(): number[] {
    const structs = [...this.threads.indices()].map((index) => this.threads.structOf(index));
    return structs.filter((struct) => struct !== 0);
  }

  /** Bytes of all chunks held by the program. */
  get inUseBytes(): number {
    const mappedBytes = this.mappedBytes - this.mappedLeadBytes - this.mappedStructBytes;
    return this.inUseGranules * GRANULE + mappedBytes;
  }

  /** request2size; stores the true size of a huge request in `hugeBytes`. */
  granulesFor(bytes: number): number {
    if (bytes >= HUGE_BYTES) {
      this.hugeBytes = requestToBytes(bytes);
    }
    return requestToGranules(bytes);
  }

  /** Bytes of a chunk of `nb` granules; of a huge one those of the latest request. */
  bytesOf(nb: number): number {
    return nb === HUGE_GRANULES ? this.hugeBytes : nb * GRANULE;
  }

  /** MAYBE_INIT_TCACHE: which call of a thread allocates its tcache depends on the version (§3.2). */
  #maybeInitTcache(nb: number): void {
    if (this.thread.tcache === "inactive" && mallocInitsTcache(this, nb)) {
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

  /** Counts a chunk that the program now holds; mappings have counters of their own. */
  #countHeld(c: number): void {
    const w = this.chunks.words;
    if (w[c + STATE] !== MAPPED) {
      this.inUseGranules += w[c + SIZE]!;
    }
  }
}
