import { TrailingFrees } from "./trailing-frees.ts";

/** The latest call of a thread (dense index), and the number of its event. */
export interface LastCall {
  readonly thread: number;
  readonly last: number;
}

/** How a thread began. */
export interface FirstCalls {
  /** calls of free(NULL) in a row at the beginning */
  readonly nulls: number;
  /** the thread has made no other call */
  readonly areAll: boolean;
  /** callers of the first two of these; 0 where lines have none */
  readonly sites: readonly number[];
  /** the thread that called just before the first call, and the event of that call; null: none */
  readonly predecessor: LastCall | null;
}

interface Opening {
  nulls: number;
  readonly sites: number[];
}

// Flags of a thread.
const EXISTS = 1;
/** all its calls so far are free(NULL) */
const OPENS = 2;
/** it has trailing frees */
const TRAILS = 4;

const NO_OPENING: Opening = { nulls: 0, sites: [] };

const INITIAL_THREADS = 64;

/**
 * What is kept of the calls of threads that have not exited, by dense index. A log may have many thousand: a thread takes
 * an entry in each column, and objects only for its calls of free(NULL).
 */
export class ThreadCalls {
  #flags = new Uint8Array(INITIAL_THREADS);
  #tids = new Int32Array(INITIAL_THREADS);
  /** number of the event of the last call; −1: none */
  #last = new Float64Array(INITIAL_THREADS);
  /** the thread that called just before the first call, −1 for none, and the event of that call */
  #predecessor = new Int32Array(INITIAL_THREADS);
  #predecessorLast = new Float64Array(INITIAL_THREADS);
  readonly #trailing = new Map<number, TrailingFrees>();
  readonly #openings = new Map<number, Opening>();
  #length = 0;

  /** 1 + the greatest index so far, also of threads that have exited */
  get length(): number {
    return this.#length;
  }

  has(thread: number): boolean {
    return (this.#flags[thread] ?? 0) !== 0;
  }

  /** Adds a thread before its first call. */
  add(thread: number, tid: number, predecessor: LastCall | null): void {
    while (thread >= this.#flags.length) {
      this.#grow();
    }
    this.#length = Math.max(this.#length, thread + 1);
    this.#flags[thread] = EXISTS | OPENS;
    this.#tids[thread] = tid;
    this.#last[thread] = -1;
    this.#predecessor[thread] = predecessor?.thread ?? -1;
    this.#predecessorLast[thread] = predecessor?.last ?? -1;
  }

  remove(thread: number): void {
    this.#flags[thread] = 0;
    this.#trailing.delete(thread);
    this.#openings.delete(thread);
  }

  /** The indices of all, in ascending order. */
  *indices(): Generator<number> {
    for (let thread = 0; thread < this.#length; thread++) {
      if (this.#flags[thread] !== 0) {
        yield thread;
      }
    }
  }

  tidOf(thread: number): number {
    return this.#tids[thread]!;
  }

  /** The number of the event of the last call; −1: the thread has made none, or has exited. */
  lastOf(thread: number): number {
    return this.has(thread) ? this.#last[thread]! : -1;
  }

  firstCalls(thread: number): FirstCalls {
    const { nulls, sites } = this.#openings.get(thread) ?? NO_OPENING;
    const before = this.#predecessor[thread]!;
    return {
      nulls,
      areAll: (this.#flags[thread]! & OPENS) !== 0,
      sites,
      predecessor: before < 0 ? null : { thread: before, last: this.#predecessorLast[thread]! },
    };
  }

  /** The indices of the threads that called first just after a call of thread `thread`. */
  followersOf(thread: number): number[] {
    const followers: number[] = [];
    for (let at = this.#predecessor.indexOf(thread); at >= 0 && at < this.#length; ) {
      if (this.has(at)) {
        followers.push(at);
      }
      at = this.#predecessor.indexOf(thread, at + 1);
    }
    return followers;
  }

  /** Forgets the calls of free(NULL) at the thread's beginning. */
  dropOpening(thread: number): void {
    this.#openings.delete(thread);
  }

  /** The thread's trailing frees; null: none. */
  trailingOf(thread: number): TrailingFrees | null {
    return this.trails(thread) ? (this.#trailing.get(thread) ?? null) : null;
  }

  trails(thread: number): boolean {
    return (this.#flags[thread]! & TRAILS) !== 0;
  }

  clearTrailing(thread: number): void {
    if (this.#trailing.delete(thread)) {
      this.#flags[thread]! &= ~TRAILS;
    }
  }

  /** The thread makes a call other than free(NULL). */
  call(thread: number, event: number): void {
    this.#flags[thread]! &= ~OPENS;
    this.#last[thread] = event;
  }

  /** The thread calls free(NULL). */
  freeNull(thread: number, event: number, caller: number): void {
    if ((this.#flags[thread]! & OPENS) !== 0) {
      this.#open(thread, caller);
    }
    let trailing = this.#trailing.get(thread);
    if (trailing === undefined) {
      trailing = new TrailingFrees();
      this.#trailing.set(thread, trailing);
      this.#flags[thread]! |= TRAILS;
    }
    trailing.addNull(event, caller);
    this.#last[thread] = event;
  }

  #open(thread: number, caller: number): void {
    let opening = this.#openings.get(thread);
    if (opening === undefined) {
      opening = { nulls: 0, sites: [] };
      this.#openings.set(thread, opening);
    }
    opening.nulls++;
    if (opening.sites.length < 2) {
      opening.sites.push(caller);
    }
  }

  #grow(): void {
    const length = 2 * this.#flags.length;
    const [flags, tids, last] = [this.#flags, this.#tids, this.#last];
    const [predecessor, predecessorLast] = [this.#predecessor, this.#predecessorLast];
    this.#flags = new Uint8Array(length);
    this.#flags.set(flags);
    this.#tids = new Int32Array(length);
    this.#tids.set(tids);
    this.#last = new Float64Array(length);
    this.#last.set(last);
    this.#predecessor = new Int32Array(length);
    this.#predecessor.set(predecessor);
    this.#predecessorLast = new Float64Array(length);
    this.#predecessorLast.set(predecessorLast);
  }
}
