import type { Arena } from "./arena.ts";

/** TCACHE_MAX_BINS: bins with one size each. The 12 large bins of 2.42 and later are not modelled. */
const TCACHE_BINS = 64;

export const NO_THREADS: readonly number[] = [];

/** A thread of the process: its arena and its tcache_perthread_struct (ptmalloc2.md §2.6). */
export class Thread {
  /** dense index of the thread in the log */
  readonly index: number;
  /** null until the first call that reaches arena_get */
  arena: Arena | null = null;
  /**
   * indices of threads that detach from their arena only after this one attaches, although they end first in the log
   */
  detachingLater = NO_THREADS;
  /** "disabled" while the struct is being allocated or torn down, or when caching is off */
  tcache: "inactive" | "active" | "disabled" = "inactive";
  /** the chunk of the struct; 0: none, or unknown (thread-exit.ts) */
  tcacheStruct = 0;
  /** heads of the bins' LIFO lists; 0: empty. Bin i holds chunks of i + 2 granules. */
  readonly entries = new Int32Array(TCACHE_BINS);
  readonly counts = new Int32Array(TCACHE_BINS);

  constructor(index: number) {
    this.index = index;
  }

  /** A copy whose arena is `arena`; `copy` is a thread of that index that is no longer in use. */
  clone(arena: Arena | null, copy = new Thread(this.index)): Thread {
    copy.arena = arena;
    copy.detachingLater = this.detachingLater;
    copy.tcache = this.tcache;
    copy.tcacheStruct = this.tcacheStruct;
    copy.entries.set(this.entries);
    copy.counts.set(this.counts);
    return copy;
  }
}

/** Stands for any thread that has ended: it has neither cache nor arena, and gets none (§6.4). */
export const ENDED_THREAD = new Thread(-1);
ENDED_THREAD.tcache = "disabled";
