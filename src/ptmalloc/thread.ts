import type { Arena } from "./arena.ts";

/** TCACHE_MAX_BINS: bins of one size each. The twelve large ones of 2.42 and later are not modelled. */
const TCACHE_BINS = 64;

export const NO_THREADS: readonly number[] = [];

/** A thread of the process: its arena and its tcache_perthread_struct (ptmalloc2.md §2.6). */
export class Thread {
  /** dense index of the thread in the log */
  readonly index: number;
  /** null until its first call that reaches arena_get */
  arena: Arena | null = null;
  /** threads that leave their arena only after this one has chosen its own, although they end before */
  detachingLater = NO_THREADS;
  /** "disabled" while the struct is being allocated or torn down, or when caching is off */
  tcache: "inactive" | "active" | "disabled" = "inactive";
  /** the chunk of the struct itself; 0 without one */
  tcacheStruct = 0;
  /** heads of the bins' lists, LIFO; 0 is empty. Bin i holds chunks of i + 2 granules. */
  readonly entries = new Int32Array(TCACHE_BINS);
  readonly counts = new Int32Array(TCACHE_BINS);

  constructor(index: number) {
    this.index = index;
  }

  /** A copy whose arena is `arena`. */
  clone(arena: Arena | null): Thread {
    const copy = new Thread(this.index);
    copy.arena = arena;
    copy.detachingLater = this.detachingLater;
    copy.tcache = this.tcache;
    copy.tcacheStruct = this.tcacheStruct;
    copy.entries.set(this.entries);
    copy.counts.set(this.counts);
    return copy;
  }
}
