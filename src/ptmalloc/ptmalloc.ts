import { Arena, newBins } from "./arena.ts";
import { mallocFromArena, wouldReuseArena } from "./arenas.ts";
import { callocChunk } from "./calloc.ts";
import { ADDR, Chunks, GRANULE, HEAP, MAPPED, PAGE, pageUp, SIZE, STATE } from "./chunks.ts";
import { consolidate } from "./consolidate.ts";
import { freeChunk } from "./free.ts";
import { Heap } from "./heap.ts";
import type { Mapping } from "./mapping.ts";
import { memalignChunk } from "./memalign.ts";
import type { Profile } from "./profile.ts";
import { reallocChunk, staysAtOnce } from "./realloc.ts";
import { EVERY_PLANE, Resident, takeBackBlock, writeBlock } from "./resident.ts";
import { type MallocPar, mallopt } from "./settings.ts";
import { HUGE_BYTES, HUGE_GRANULES, requestToGranules } from "./size-classes.ts";
import { tcacheInit, tcacheTake } from "./tcache.ts";
import { Thread } from "./thread.ts";
import { exitThread } from "./thread-exit.ts";
import { mallocTrim } from "./trim.ts";

/** `cpus` of a process of which nobody knows how many it saw. */
export const UNKNOWN_CPUS = Number.POSITIVE_INFINITY;

/** Somebody who has seen the process, and is asked where settings decide that may be others than the model's. */
export interface Witness {
  /** The CPUs being unknown: does the thread that needs an arena get one that is in use? */
  sharesArena(): boolean;
  /** Does it get the main arena, though the limit on arenas is not reached? */
  sharesMainArena(): boolean;
  /** Is a request for a chunk of `bytes`, for which `av` has no room, mapped? `mapped` says what the settings say. */
  isMapped(av: Arena, bytes: number, mapped: boolean): boolean;
}

/**
 * A process's allocator: the state that glibc keeps in globals, and the public calls. It sees requests only: no log,
 * no pointers, no clock. Blocks are named by their chunk (chunks.ts); 0 is NULL.
 */
export class Ptmalloc {
  profile: Profile;
  readonly par: MallocPar;
  cpus: number;
  chunks = new Chunks();
  resident = new Resident();

  mainArena: Arena;
  /** all arenas by id; narenas is their number */
  readonly arenas: Arena[];
  /** arenas without threads; the newest is last */
  readonly freeList: Arena[] = [];
  nextToUse: Arena;
  /** narenas_limit; 0 until it is computed, and then it means none */
  arenaLimit = 0;

  /** what somebody knows of the process beyond its settings; null: the settings decide all */
  witness: Witness | null = null;

  /** asked in reused_arena for each arena in turn whether its lock is free; null: all are */
  trylock: (() => boolean) | null = null;

  /** heaps by id; an id is used again after its heap is gone */
  readonly heaps: Heap[] = [];
  private readonly freeHeapIds: number[] = [];
  private heapSerials = 0;
  /** the area below the program break */
  breakHeap: Heap;
  /** the program break, in bytes from the page its initial value lies in */
  brk: number;

  readonly mappings: (Mapping | null)[] = [];
  private readonly freeMappingIds: number[] = [];
  /** n_mmaps and mmapped_mem: whole pages, in bytes */
  mappedBlocks = 0;
  mappedBytes = 0;
  /** bytes of mappings in front of their chunks, left there by memalign */
  mappedLeadBytes = 0;
  /** bytes glibc's own count of mapped memory, mallinfo2's hblkhd, is above `mappedBytes` (§5.1) */
  miscountedMappedBytes = 0;

  private hasMainThread = false;
  private readonly threads: (Thread | undefined)[] = [];
  /** the thread that makes the current call */
  thread: Thread;
  /** SINGLE_THREAD_P is false for good once a second thread exists (§6.6) */
  multiThreaded = false;

  /** bytes obtained from the kernel and not returned: system_mem of all arenas and mappings */
  systemBytes = 0;
  /** granules of heap chunks in the program's hands */
  inUseGranules = 0;
  /** granules of UNLOGGED chunks (place.ts) */
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
    this.profile = profile;
    this.par = par;
    this.cpus = cpus;
    this.mainArena = new Arena(0, newBins(this.chunks));
    this.arenas = [this.mainArena];
    this.nextToUse = this.mainArena;
    this.brk = initialBreak;
    this.breakHeap = this.newHeap("break", this.mainArena, null, initialBreak);
    this.thread = new Thread(0);
    this.updateLimits();
  }

  /** A process in the same state that shares nothing with this one. */
  clone(): Ptmalloc {
    const copy = new Ptmalloc(this.profile, this.par.clone(this.profile), this.cpus);
    copy.chunks = this.chunks.clone();
    copy.resident = this.resident.clone();
    const arenas = new Map(this.arenas.map((av) => [av, av.clone()]));
    const arenaOf = (av: Arena): Arena => arenas.get(av)!;
    for (const [av, twin] of arenas) {
      twin.next = arenaOf(av.next);
      copy.arenas[av.id] = twin;
      let prev: Heap | null = null;
      for (const heap of av.heaps) {
        const own: Heap = heap.clone(twin, heap.prev === null ? null : prev);
        twin.heaps.push(own);
        copy.heaps[own.id] = own;
        prev = own;
      }
    }
    copy.mainArena = arenaOf(this.mainArena);
    copy.breakHeap = copy.heaps[this.breakHeap.id]!;
    copy.freeList.push(...this.freeList.map(arenaOf));
    copy.nextToUse = arenaOf(this.nextToUse);
    copy.arenaLimit = this.arenaLimit;
    copy.freeHeapIds.push(...this.freeHeapIds);
    copy.heapSerials = this.heapSerials;
    copy.brk = this.brk;
    for (const one of this.mappings) copy.mappings.push(one === null ? null : one.clone());
    copy.freeMappingIds.push(...this.freeMappingIds);
    copy.mappedBlocks = this.mappedBlocks;
    copy.mappedBytes = this.mappedBytes;
    copy.mappedLeadBytes = this.mappedLeadBytes;
    copy.miscountedMappedBytes = this.miscountedMappedBytes;
    for (const thread of this.allThreads()) {
      copy.threads[thread.index] = thread.clone(thread.arena && arenaOf(thread.arena));
    }
    copy.thread = copy.threads[this.thread.index] ?? copy.thread;
    copy.hasMainThread = this.hasMainThread;
    copy.multiThreaded = this.multiThreaded;
    copy.systemBytes = this.systemBytes;
    copy.inUseGranules = this.inUseGranules;
    copy.unloggedGranules = this.unloggedGranules;
    copy.hugeBytes = this.hugeBytes;
    copy.hugePages = this.hugePages;
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
    let thread = this.threads[index];
    if (thread !== undefined && thread === this.thread) return;
    if (thread === undefined) {
      thread = new Thread(index);
      if (!this.hasMainThread) {
        this.hasMainThread = true;
        thread.arena = this.mainArena;
        this.mainArena.attachedThreads = 1;
        this.mainArena.threads.add(index);
      } else {
        this.multiThreaded = true;
      }
      this.threads[index] = thread;
    }
    this.thread = thread;
  }

  /** True if the next call of thread `index` may have to share an arena with others. */
  mayReuseArena(index: number): boolean {
    const thread = this.threads[index];
    return this.hasMainThread && (thread?.arena ?? null) === null && wouldReuseArena(this);
  }

  malloc(bytes: number): number {
    const nb = this.granulesFor(bytes);
    this.readyTcache(nb);
    const c = this.mallocChunk(bytes, nb);
    this.took(c);
    return c;
  }

  calloc(bytes: number): number {
    const nb = this.granulesFor(bytes);
    this.readyTcache(nb);
    const c = callocChunk(this, bytes, nb);
    this.took(c);
    return c;
  }

  /** realloc of a block with `bytes` > 0. The old chunk is valid still when the result is 0, and only then. */
  realloc(c: number, bytes: number): number {
    if (staysAtOnce(this, c, bytes)) return c;
    const nb = this.granulesFor(bytes);
    if (this.profile.tcache === "eager" && this.chunks.words[c + STATE] !== MAPPED) {
      this.readyTcache(nb);
    }
    return reallocChunk(this, c, bytes, nb);
  }

  /** memalign, aligned_alloc, posix_memalign; an alignment that is no power of two is rounded up to one. */
  memalign(alignment: number, bytes: number): number {
    if (alignment <= GRANULE) return this.malloc(bytes);
    let align = 32;
    while (align < alignment) align *= 2;
    const nb = this.granulesFor(bytes);
    if (this.profile.tcache === "small") this.readyTcache(nb);
    const c = memalignChunk(this, align, bytes, nb);
    this.took(c);
    return c;
  }

  valloc(bytes: number): number {
    const { arena } = this.thread;
    if (this.profile.vallocConsolidates && arena?.haveFastchunks) consolidate(this, arena);
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
    if (this.profile.fastbins && this.mainArena.top !== 0) consolidate(this, this.mainArena);
    mallopt(this.par, this.profile, parameter, value);
    this.updateLimits();
  }

  /** The current thread ends. */
  exitThread(): void {
    exitThread(this);
    // Its state is that of a thread not yet seen; threads come and go by the thousand.
    this.threads[this.thread.index] = undefined;
  }

  /** sbrk(bytes) by the program itself, past malloc. */
  foreignSbrk(bytes: number): void {
    this.brk += bytes;
  }

  /** Bytes from..to-1 of a block are written, in `planes`: by the program, or by the allocator. */
  write(c: number, from: number, to: number, planes: number): void {
    if (this.chunks.words[c + STATE] !== MAPPED) writeBlock(this, c, from, to, planes);
    else this.mappingOf(c).write(this.resident, from, to, planes);
  }

  /** Bytes from..to-1 of a block, taken to be written, turn out not to be resident. */
  takeBack(c: number, from: number, to: number): void {
    if (this.chunks.words[c + STATE] !== MAPPED) takeBackBlock(this, c, from, to);
    else this.mappingOf(c).takeBack(this.resident, from, to);
  }

  /** alloc_perturb: under MALLOC_PERTURB_ a block fresh from an arena is filled. */
  perturb(c: number, bytes: number): void {
    if (this.par.perturb) this.write(c, 0, bytes, EVERY_PLANE);
  }

  allThreads(): readonly Thread[] {
    return this.threads.filter((thread) => thread !== undefined);
  }

  /** The chunks of the threads' tcache structs: in use, but not by the program. */
  tcacheStructs(): number[] {
    return this.allThreads().flatMap(({ tcacheStruct }) => (tcacheStruct ? [tcacheStruct] : []));
  }

  heapOf(c: number): Heap {
    return this.heaps[this.chunks.words[c + HEAP]!]!;
  }

  /** The mapping of mapped chunk `c`. */
  mappingOf(c: number): Mapping {
    return this.mappings[this.chunks.words[c + HEAP]!]!;
  }

  newHeap(kind: Heap["kind"], av: Arena, prev: Heap | null, size: number): Heap {
    const id = this.freeHeapIds.pop() ?? this.heaps.length;
    const heap = new Heap(id, this.heapSerials++, kind, av, prev, size);
    this.heaps[id] = heap;
    av.heaps.push(heap);
    return heap;
  }

  /** Unmaps the newest heap of its arena. */
  removeHeap(heap: Heap): void {
    heap.arena.heaps.splice(heap.arena.heaps.indexOf(heap), 1);
    this.freeHeapIds.push(heap.id);
  }

  addMapping(mapping: Mapping): number {
    const id = this.freeMappingIds.pop() ?? this.mappings.length;
    this.mappings[id] = mapping;
    this.mappedBlocks++;
    this.mappedBytes += mapping.totalBytes;
    this.systemBytes += mapping.totalBytes;
    return id;
  }

  removeMapping(id: number): void {
    const mapping = this.mappings[id]!;
    this.mappings[id] = null;
    this.freeMappingIds.push(id);
    this.mappedBlocks--;
    this.mappedBytes -= mapping.totalBytes;
    this.systemBytes -= mapping.totalBytes;
    this.mappedLeadBytes -= mapping.offset * GRANULE;
  }

  resizeMapping(mapping: Mapping, totalBytes: number): void {
    // mremap_chunk takes chunksize and lead for the old mapping, and since 2.43 that is 16 bytes less.
    const leadBytes = mapping.offset * GRANULE;
    this.miscountedMappedBytes += mapping.totalBytes - leadBytes - this.mappedChunkBytes(mapping);
    this.mappedBytes += totalBytes - mapping.totalBytes;
    this.systemBytes += totalBytes - mapping.totalBytes;
    mapping.resize(this.resident, totalBytes);
  }

  /** memalign moves a mapped chunk up by `granules` within its mapping. */
  advanceMapped(c: number, granules: number): void {
    this.mappingOf(c).advance(this.resident, granules);
    this.chunks.words[c + ADDR]! += granules;
    this.mappedLeadBytes += granules * GRANULE;
  }

  /** chunksize of a mapped chunk, in bytes (§4.6) */
  mappedChunkBytes(mapping: Mapping): number {
    const bytes = mapping.totalBytes - mapping.offset * GRANULE;
    return this.profile.mmapTailBytes === 16 ? bytes - 16 : bytes;
  }

  /** Sum of the sizes of the chunks in the program's hands, in bytes. */
  get inUseBytes(): number {
    return this.inUseGranules * GRANULE + this.mappedBytes - this.mappedLeadBytes;
  }

  addSystemMem(av: Arena, bytes: number): void {
    av.addSystemMem(bytes);
    this.systemBytes += bytes;
  }

  /** request2size; remembers the true size of a huge request. */
  granulesFor(bytes: number): number {
    if (bytes >= HUGE_BYTES) this.hugeBytes = Math.floor((bytes + 23) / GRANULE) * GRANULE;
    return requestToGranules(bytes);
  }

  /** Bytes of a chunk of `nb` granules; of a huge one those of the current request. */
  bytesOf(nb: number): number {
    return nb === HUGE_GRANULES ? this.hugeBytes : nb * GRANULE;
  }

  /** The tcache comes to be at a thread's first call; when exactly differs between versions (§3.2). */
  private readyTcache(nb: number): void {
    if (this.thread.tcache !== "inactive") return;
    const { tcache } = this.profile;
    if (tcache === "eager" || (tcache === "small" && nb <= this.tcacheMaxGranules))
      tcacheInit(this);
  }

  private mallocChunk(bytes: number, nb: number): number {
    const cached = tcacheTake(this, nb);
    if (cached !== 0) return cached;
    const c = mallocFromArena(this, bytes, nb);
    if (c !== 0) this.perturb(c, bytes);
    return c;
  }

  private took(c: number): void {
    const w = this.chunks.words;
    if (w[c + STATE] !== MAPPED) this.inUseGranules += w[c + SIZE]!;
  }
}
