import type { Arena } from "./arena.ts";
import { copyScalars } from "./copy-scalars.ts";

export const NO_THREADS: readonly number[] = [];

/** "disabled" while the struct is being allocated or torn down, or when caching is off */
export type TcacheState = "inactive" | "active" | "disabled";

/** A thread of the process: its arena and its tcache_perthread_struct (ptmalloc2.md §2.6). */
export class Thread {
  /** dense index of the thread in the log; −1: the object stands for none */
  index: number;
  /** null until the first call that reaches arena_get */
  arena: Arena | null = null;
  /**
   * indices of threads that detach from their arena only after this one attaches, although they end first in the log
   */
  detachingLater = NO_THREADS;
  tcache: TcacheState = "inactive";
  /** the chunk of the struct; 0: none, or unknown (thread-exit.ts) */
  tcacheStruct = 0;
  /** its bins in `TcacheBins`: the number of the first one, and how many it has */
  firstBin = 0;
  bins = 0;
  /** it has called since ProcessThreads looked last */
  isRecent = false;

  constructor(index: number) {
    this.index = index;
  }

  /** Stands for another thread, which has not called yet. Its own bins must be given back. */
  become(index: number): void {
    this.index = index;
    this.arena = null;
    this.detachingLater = NO_THREADS;
    this.tcache = "inactive";
    this.tcacheStruct = 0;
    this.firstBin = 0;
    this.bins = 0;
    this.isRecent = false;
  }

  /** A copy whose arena is `arena`: `recycled` if there is one. */
  clone(arena: Arena | null, recycled: Thread | null = null): Thread {
    const copy = recycled ?? new Thread(this.index);
    copyScalars<Thread>(this, copy);
    copy.arena = arena;
    copy.detachingLater = this.detachingLater;
    return copy;
  }
}

/** Stands for any thread that has ended: it has neither cache nor arena, and gets none (§6.4). */
export const ENDED_THREAD = new Thread(-1);
ENDED_THREAD.tcache = "disabled";
