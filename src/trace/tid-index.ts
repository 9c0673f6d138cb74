const INITIAL_CAPACITY = 64;

/**
 * Thread id → dense index 0, 1, 2 … in order of first appearance. A tid that the kernel reused has the same index: only
 * thread_exit lines could tell the two threads apart.
 */
export class TidIndex {
  /** open addressing, linear probing; −1 = empty, since tids are 0 .. 2^31 − 1 */
  #tids = new Int32Array(INITIAL_CAPACITY).fill(-1);
  #indexes = new Int32Array(INITIAL_CAPACITY);
  #size = 0;
  /** Consecutive lines are mostly of the same thread. */
  #lastTid = -1;
  #lastIndex = -1;

  /** Becomes a copy of `from`. */
  copy(from: TidIndex): void {
    this.#tids = from.#tids.slice();
    this.#indexes = from.#indexes.slice();
    this.#size = from.#size;
    this.#lastTid = from.#lastTid;
    this.#lastIndex = from.#lastIndex;
  }

  /** threads seen; the next new tid gets this index */
  get size(): number {
    return this.#size;
  }

  /** The index of a thread id; −1: it was not seen. */
  find(tid: number): number {
    const slot = this.#probe(tid);
    return this.#tids[slot] === tid ? this.#indexes[slot]! : -1;
  }

  /** The index of a thread id, which is seen from now on. */
  indexOf(tid: number): number {
    if (tid === this.#lastTid) {
      return this.#lastIndex;
    }
    let slot = this.#probe(tid);
    if (this.#tids[slot] !== tid) {
      if ((this.#size + 1) * 2 > this.#tids.length) {
        this.#grow();
        slot = this.#probe(tid);
      }
      this.#tids[slot] = tid;
      this.#indexes[slot] = this.#size++;
    }
    this.#lastTid = tid;
    this.#lastIndex = this.#indexes[slot]!;
    return this.#lastIndex;
  }

  #probe(tid: number): number {
    const mask = this.#tids.length - 1;
    // The kernel assigns tids in sequence: their low bits are nearly a perfect hash. The product is for other strides.
    let slot = (tid + Math.imul(tid >>> 6, 0x9e3779b1)) & mask;
    for (;;) {
      const there = this.#tids[slot]!;
      if (there === tid || there === -1) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const tids = this.#tids;
    const indexes = this.#indexes;
    this.#tids = new Int32Array(tids.length * 2).fill(-1);
    this.#indexes = new Int32Array(tids.length * 2);
    for (let from = 0; from < tids.length; from++) {
      if (tids[from] === -1) {
        continue;
      }
      const to = this.#probe(tids[from]!);
      this.#tids[to] = tids[from]!;
      this.#indexes[to] = indexes[from]!;
    }
  }
}
