import { MODEL } from "./core-layout.ts";
import type { Core } from "./core-module.ts";

/**
 * Counts of the calls with which the allocator gets memory from the kernel and returns it (ptmalloc2.md §3.8, §4.5, §6.3, §7).
 * Those of other code, such as mmap for the stack of a thread, are not among them, nor is madvise(MADV_HUGEPAGE).
 */
export class SystemCalls {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  get brk(): number {
    return this.#count(MODEL.brkCalls);
  }

  get mmap(): number {
    return this.#count(MODEL.mmapCalls);
  }

  get mremap(): number {
    return this.#count(MODEL.mremapCalls);
  }

  get munmap(): number {
    return this.#count(MODEL.munmapCalls);
  }

  get madvise(): number {
    return this.#count(MODEL.madviseCalls);
  }

  get mprotect(): number {
    return this.#count(MODEL.mprotectCalls);
  }

  /** glibc knows the program break: the first sbrk asks the kernel for it */
  set knowsBreak(knows: boolean) {
    this.#core.attached.u8[MODEL.knowsBreak] = knows ? 1 : 0;
  }

  #count(field: number): number {
    return this.#core.attached.f64[field]!;
  }
}
