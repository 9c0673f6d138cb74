import { THREAD } from "./core-layout.ts";
import type { ProcessThreads } from "./process-threads.ts";

/** The bins of all threads' tcaches (ptmalloc2.md §2.6), as the core keeps them; bin i holds chunks of i + 2 granules. */
export class TcacheBins {
  readonly #threads: ProcessThreads;

  constructor(threads: ProcessThreads) {
    this.#threads = threads;
  }

  /** The newest chunk in bin `bin` of the thread; 0: it is empty. */
  head({ index }: { readonly index: number }, bin: number): number {
    if (bin >= this.#threads.wordOf(index, THREAD.bins)) {
      return 0;
    }
    const heads = this.#threads.wordOf(index, THREAD.heads) >>> 2;
    return this.#threads.instance.i32[heads + bin]!;
  }

  /** The number of chunks in that bin. */
  count({ index }: { readonly index: number }, bin: number): number {
    if (bin >= this.#threads.wordOf(index, THREAD.bins)) {
      return 0;
    }
    const at = (this.#threads.wordOf(index, THREAD.counts) >>> 0) + 2 * bin;
    const { u8 } = this.#threads.instance;
    return u8[at]! | (u8[at + 1]! << 8);
  }
}
