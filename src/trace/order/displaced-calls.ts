/** Pointers kept of each kind. A log that began late frees more that it has not shown. */
const MAX_POINTERS = 65_536;

/** Calls that a log needs to show lost order, … */
const MIN_CALLS = 16;
/** … and their part of all pointers freed twice or returned while live. A tenth of the lines lost leaves 0.035. */
const MIN_RATIO = 0.05;

/**
 * Counts calls that stand in the wrong place of the log by more than a hook without buffers explains. Two contradictions
 * of the same pointer show such a call, because a log that only lacks lines mostly shows one:
 *
 * - a free of a pointer not shown yet, below it the call that returns the pointer, and one that returns it again without
 *   a free in between: the free belongs there;
 * - two calls that return a pointer without a free in between, and below them two frees: one free belongs between.
 *
 * A hook without a lock may log two calls in the wrong order, too. But then the call that belongs above is the first line
 * of its thread below the other, because each thread writes its lines at once. So a call counts only if the line above it
 * is of its own thread.
 */
export class DisplacedCalls {
  /** calls in the wrong place */
  found = 0;
  /** pointers freed before the log showed them, with the thread that freed them */
  #freed = new Map<number, number>();
  /** of these, pointers returned since, by a call that belongs above */
  #returned = new Set<number>();
  /** pointers returned twice, with the thread of the second call */
  #doubled = new Map<number, number>();
  /** of these, pointers freed since, by a call that belongs above */
  #freedLate = new Set<number>();

  copy(from: DisplacedCalls): void {
    this.found = from.found;
    this.#freed = new Map(from.#freed);
    this.#returned = new Set(from.#returned);
    this.#doubled = new Map(from.#doubled);
    this.#freedLate = new Set(from.#freedLate);
  }

  /** False if no pointer waits for a second contradiction: then `returned` and `freed` need not be called. */
  get any(): boolean {
    return this.#freed.size + this.#returned.size + this.#doubled.size + this.#freedLate.size > 0;
  }

  /** True if lost lines cannot explain the calls found, beside that many pointers freed twice or returned while live. */
  showLostOrder(contradictions: number): boolean {
    return this.found >= MIN_CALLS && this.found >= contradictions * MIN_RATIO;
  }

  /** Thread `tid` freed a pointer that the log had not shown. */
  freedUnknown(pointer: number, tid: number): void {
    if (this.#freed.size < MAX_POINTERS) {
      this.#freed.set(pointer, tid);
    }
  }

  /** A pointer was freed twice. */
  freedTwice(pointer: number): void {
    this.found += this.#freedLate.delete(pointer) ? 1 : 0;
  }

  /** A call of thread `tid` returned a pointer that was live. */
  returnedLive(pointer: number, tid: number): void {
    this.found += this.#returned.delete(pointer) ? 1 : 0;
    if (this.#doubled.size < MAX_POINTERS) {
      this.#doubled.set(pointer, tid);
    }
  }

  /** A call of thread `tid` returned a pointer that was not live. The line above is of thread `above`; −1 if unknown. */
  returned(pointer: number, tid: number, above: number): void {
    this.#freedLate.delete(pointer);
    if (move(pointer, tid, above, this.#freed) && this.#returned.size < MAX_POINTERS) {
      this.#returned.add(pointer);
    }
  }

  /** A call of thread `tid` freed a live block. The line above is of thread `above`; −1 if unknown. */
  freed(pointer: number, tid: number, above: number): void {
    this.#returned.delete(pointer);
    if (move(pointer, tid, above, this.#doubled) && this.#freedLate.size < MAX_POINTERS) {
      this.#freedLate.add(pointer);
    }
  }
}

/** Takes the pointer out of `waiting`. True if it was in there, and this call belongs above the one of that thread. */
function move(pointer: number, tid: number, above: number, waiting: Map<number, number>): boolean {
  const other = waiting.get(pointer);
  waiting.delete(pointer);
  return other !== undefined && other !== tid && above === tid;
}
