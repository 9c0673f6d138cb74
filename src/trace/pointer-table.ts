import { REORDER_WINDOW_LINES } from "./order/reorder-window.ts";

const INITIAL_CAPACITY = 1024;
/** A higher load saves memory (16 bytes a slot), but makes runs longer and mispredicts more branches: measured. */
const MAX_LOAD = 0.5;

/**
 * An id is reused only after this many others were freed: calls within the reorder window, which may have happened the
 * other way round, then share an id only if they share a block.
 */
const RESTING = REORDER_WINDOW_LINES;

/** Up to this size (1 MiB) the table stays in the processor's cache anyway. */
const CACHED_DOUBLES = 2 ** 17;

/**
 * Pointer → dense block id, for every pointer that is live in the log.
 *
 * Open addressing with linear probing on typed arrays: a JS Map stops at 16.7 M entries and costs two to three times
 * more. A deletion moves the rest of its run back and leaves no tombstone, so a log that frees as much as it allocates
 * never fills the table. Memory grows with the peak number of live pointers, and never shrinks.
 */
export class PointerTable {
  /** Pairs: a pointer at even index `at` (0 = empty) and its id at `at` + 1: one cache miss, not two. */
  #pairs = new Float64Array(INITIAL_CAPACITY * 2);
  /** wraps an index `at` around the end */
  #mask = INITIAL_CAPACITY * 2 - 1;
  /** 32 − log2(capacity): keeps the upper bits of the hash */
  #shift = 32 - Math.log2(INITIAL_CAPACITY);
  #limit = Math.floor(INITIAL_CAPACITY * MAX_LOAD);
  #size = 0;
  /** Stack of reusable ids: the latest is reused first, because its rows elsewhere are still in the cache. */
  #freeIds = new Int32Array(INITIAL_CAPACITY);
  #freeIdCount = 0;
  /** ring of the ids freed last, which are not reused yet */
  readonly #resting = new Int32Array(RESTING).fill(-1);
  #rests = 0;
  /** ids so far are 0 .. #idLimit − 1: the peak number of live pointers, and the resting ids */
  #idLimit = 0;

  /** Becomes a copy of `from`. */
  copy(from: PointerTable): void {
    this.#pairs = from.#pairs.slice();
    this.#mask = from.#mask;
    this.#shift = from.#shift;
    this.#limit = from.#limit;
    this.#size = from.#size;
    this.#freeIds = from.#freeIds.slice();
    this.#freeIdCount = from.#freeIdCount;
    this.#resting.set(from.#resting);
    this.#rests = from.#rests;
    this.#idLimit = from.#idLimit;
  }

  /** pointers in the table */
  get size(): number {
    return this.#size;
  }

  /** The id of pointer `p` (≠ 0), or −1. */
  find(p: number): number {
    const at = this.#probe(p);
    return this.#pairs[at] === p ? this.#pairs[at + 1]! | 0 : -1;
  }

  /** Adds `p` (≠ 0) and returns its new id. If `p` is in the table already, changes nothing and returns ~id. */
  insert(p: number): number {
    const at = this.#probe(p);
    const pairs = this.#pairs;
    if (pairs[at] === p) {
      return ~pairs[at + 1]!;
    }
    const id = this.#freeIdCount > 0 ? this.#freeIds[--this.#freeIdCount]! : this.#idLimit++;
    pairs[at] = p;
    pairs[at + 1] = id;
    if (++this.#size > this.#limit) {
      this.#grow();
    }
    return id;
  }

  /** Removes `p` and returns its id, which rests and is then reused; −1 if `p` is not in the table. */
  remove(p: number): number {
    const id = this.detach(p);
    if (id >= 0) {
      this.#recycle(id);
    }
    return id;
  }

  /** Removes `p` and returns its id, which stays in use for `attach`; −1 if `p` is not in the table. */
  detach(p: number): number {
    const at = this.#probe(p);
    const pairs = this.#pairs;
    if (pairs[at] !== p) {
      return -1;
    }
    const id = pairs[at + 1]! | 0;
    this.#size--;
    const next = (at + 2) & this.#mask;
    if (pairs[next] === 0) {
      pairs[at] = 0;
    } else {
      this.#closeGap(at);
    }
    return id;
  }

  /** Adds `p` with `id`, which `detach` returned. Returns the id that `p` had until now and that now rests, or −1. */
  attach(p: number, id: number): number {
    const at = this.#probe(p);
    const pairs = this.#pairs;
    const displaced = pairs[at] === p ? pairs[at + 1]! | 0 : -1;
    pairs[at] = p;
    pairs[at + 1] = id;
    if (displaced >= 0) {
      this.#recycle(displaced);
    } else if (++this.#size > this.#limit) {
      this.#grow();
    }
    return displaced;
  }

  /**
   * Loads the slots of a column of pointers into the cache. Lookups in sequence each wait for memory; these loads are
   * independent and overlap. Returns a sum, because V8 would optimise unused loads away.
   */
  warm(pointers: Float64Array, length: number): number {
    const pairs = this.#pairs;
    if (pairs.length <= CACHED_DOUBLES) {
      return 0;
    }
    let sum = 0;
    for (let i = 0; i < length; i++) {
      sum += pairs[home(pointers[i]!, this.#shift)]!;
    }
    return sum;
  }

  /** Index of the pair of `p`, or of the empty pair where it belongs. */
  #probe(p: number): number {
    const pairs = this.#pairs;
    const mask = this.#mask;
    let at = home(p, this.#shift);
    for (;;) {
      const key = pairs[at]!;
      if (key === p || key === 0) {
        return at;
      }
      at = (at + 2) & mask;
    }
  }

  #recycle(freed: number): void {
    const at = this.#rests++ % RESTING;
    const id = this.#resting[at]!;
    this.#resting[at] = freed;
    if (id < 0) {
      return;
    }
    if (this.#freeIdCount === this.#freeIds.length) {
      const grown = new Int32Array(this.#freeIds.length * 2);
      grown.set(this.#freeIds);
      this.#freeIds = grown;
    }
    this.#freeIds[this.#freeIdCount++] = id;
  }

  /** Fills the pair at `gap` by moving back later keys of the run, and empties the last pair that moved. */
  #closeGap(gap: number): void {
    const pairs = this.#pairs;
    const mask = this.#mask;
    const shift = this.#shift;
    let at = gap;
    for (;;) {
      at = (at + 2) & mask;
      const key = pairs[at]!;
      if (key === 0) {
        break;
      }
      // A key must not move before its home: the gap must lie between home and `at`, modulo the table's size.
      if (((at - home(key, shift)) & mask) >= ((at - gap) & mask)) {
        pairs[gap] = key;
        pairs[gap + 1] = pairs[at + 1]!;
        gap = at;
      }
    }
    pairs[gap] = 0;
  }

  #grow(): void {
    const old = this.#pairs;
    this.#pairs = new Float64Array(old.length * 2);
    this.#mask = old.length * 2 - 1;
    this.#shift--;
    this.#limit = Math.floor(old.length * MAX_LOAD);
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) {
        continue;
      }
      const to = this.#probe(old[from]!);
      this.#pairs[to] = old[from]!;
      this.#pairs[to + 1] = old[from + 1]!;
    }
  }
}

/** Index of the pair where the search for `p` begins; `shift` = 32 − log2(capacity). */
function home(p: number, shift: number): number {
  // Bits 4..35 (the lower ones are 0 in a chunk's address) and those above, since heaps lie 64 MiB or 2^40 apart.
  // Fibonacci hashing: the upper bits of the sum depend on all bits, and near addresses never share a slot.
  const low = Math.imul((p * 2 ** -4) | 0, 0x9e3779b1);
  const high = Math.imul((p * 2 ** -36) | 0, 0x85ebca6b);
  return ((low + high) >>> shift) << 1;
}
