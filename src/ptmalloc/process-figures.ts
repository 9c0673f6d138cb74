import { GRANULE } from "./chunks.ts";
import { MODEL } from "./core-layout.ts";
import type { Core } from "./core-module.ts";
import { requestToGranules } from "./size-classes.ts";

/** What the core keeps of a process as single numbers and flags (core/model.ts). */
export abstract class ProcessFigures {
  abstract readonly core: Core;

  /** the program break, in bytes from the page of its initial value */
  get brk(): number {
    return this.#number(MODEL.brk);
  }

  get cpus(): number {
    return this.#number(MODEL.cpus);
  }

  set cpus(cpus: number) {
    this.core.attached.f64[MODEL.cpus] = cpus;
  }

  /** narenas_limit; 0: not computed yet, no limit */
  get arenaLimit(): number {
    return this.#number(MODEL.arenaLimit);
  }

  set arenaLimit(arenas: number) {
    this.core.attached.f64[MODEL.arenaLimit] = arenas;
  }

  /** n_mmaps; mmapped_mem in bytes, whole pages */
  get mappedBlocks(): number {
    return this.#number(MODEL.mappedBlocks);
  }

  get mappedBytes(): number {
    return this.#number(MODEL.mappedBytes);
  }

  /** bytes of mappings below their chunks, left by memalign */
  get mappedLeadBytes(): number {
    return this.#number(MODEL.mappedLeadBytes);
  }

  /** bytes of mappings that hold tcache structs, which are not blocks of the program */
  get mappedStructBytes(): number {
    return this.#number(MODEL.mappedStructBytes);
  }

  set mappedStructBytes(bytes: number) {
    this.core.attached.f64[MODEL.mappedStructBytes] = bytes;
  }

  /** bytes by which glibc's mmapped_mem, mallinfo2's hblkhd, exceeds `mappedBytes` (§5.1) */
  get miscountedMappedBytes(): number {
    return this.#number(MODEL.miscountedMappedBytes);
  }

  /** bytes obtained from the kernel and not returned: system_mem of all arenas, and all mappings */
  get systemBytes(): number {
    return this.#number(MODEL.systemBytes);
  }

  set systemBytes(bytes: number) {
    this.core.attached.f64[MODEL.systemBytes] = bytes;
  }

  /** granules of heap chunks held by the program */
  get inUseGranules(): number {
    return this.#number(MODEL.inUseGranules);
  }

  set inUseGranules(granules: number) {
    this.core.attached.f64[MODEL.inUseGranules] = granules;
  }

  /** granules of UNLOGGED chunks (unlogged.ts) */
  get unloggedGranules(): number {
    return this.#number(MODEL.unloggedGranules);
  }

  set unloggedGranules(granules: number) {
    this.core.attached.f64[MODEL.unloggedGranules] = granules;
  }

  /** Bytes of all chunks held by the program. */
  get inUseBytes(): number {
    const { f64 } = this.core.attached;
    const mappedBytes =
      f64[MODEL.mappedBytes]! - f64[MODEL.mappedLeadBytes]! - f64[MODEL.mappedStructBytes]!;
    return f64[MODEL.inUseGranules]! * GRANULE + mappedBytes;
  }

  /** request2size */
  granulesFor(bytes: number): number {
    return requestToGranules(bytes);
  }

  /** largest chunk that public calls put into or take from the tcache */
  get tcacheMaxGranules(): number {
    return this.core.attached.i32[MODEL.tcacheMaxGranules]!;
  }

  /** the current call allocated the thread's tcache struct */
  get madeTcacheStruct(): boolean {
    return this.core.attached.u8[MODEL.madeTcacheStruct] !== 0;
  }

  /** the kernel may back heaps and mappings with transparent huge pages: RSS is then an upper bound (§9.1) */
  get hugePages(): boolean {
    return this.core.attached.u8[MODEL.hugePages] !== 0;
  }

  set hugePages(may: boolean) {
    this.setFlag(MODEL.hugePages, may);
  }

  /** !SINGLE_THREAD_P: true for good once a second thread exists (§6.6) */
  set multiThreaded(is: boolean) {
    this.setFlag(MODEL.multiThreaded, is);
  }

  /** the program called malloc or realloc, or the log began later: the initial hook is removed (§5.2) */
  set initialHookDone(is: boolean) {
    this.setFlag(MODEL.initialHookDone, is);
  }

  /** the program called sbrk itself, past malloc or before it (§10.6) */
  get calledSbrk(): boolean {
    return this.core.attached.u8[MODEL.calledSbrk] !== 0;
  }

  set calledSbrk(is: boolean) {
    this.setFlag(MODEL.calledSbrk, is);
  }

  #number(field: number): number {
    return this.core.attached.f64[field]!;
  }

  /** Sets a flag of the core. */
  setFlag(field: number, value: boolean): void {
    this.core.attached.u8[field] = Number(value);
  }
}
