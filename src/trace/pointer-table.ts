/**
 * Pointer → dense block id, for every pointer that is live in the log.
 *
 * Open addressing with linear probing on typed arrays: a JS Map stops at 16.7 M entries and costs two to three times
 * more. Deletion shifts the rest of the run back instead of leaving tombstones, so that a log that frees as much as
 * it allocates never fills the table up. Memory grows with the most pointers ever live at once, and never shrinks.
 */

const INITIAL_CAPACITY = 1024;
/** Higher saves memory (16 bytes a slot), but runs grow, and with them mispredicted branches: measured. */
const MAX_LOAD = 0.5;

/**
 * An id is handed out again only when so many others have been freed after it: calls that stand near each other, and may
 * turn out to have come the other way round, then never share an id unless they share a block.
 */
const RESTING = 64;

/** A table up to this size (1 MiB) stays in the processor's cache by itself. */
const CACHED_DOUBLES = 2 ** 17;

export class PointerTable {
  /** Pairs: a pointer at even index `at` (0 = empty), its id at `at` + 1: one cache miss, not two. */
  #pairs = new Float64Array(INITIAL_CAPACITY * 2);
  /** what an `at` wraps around by */
  #mask = INITIAL_CAPACITY * 2 - 1;
  /** 32 − log2(capacity): keeps the upper bits of the hash */
  #shift = 32 - Math.log2(INITIAL_CAPACITY);
  #limit = Math.floor(INITIAL_CAPACITY * MAX_LOAD);
  #size = 0;
  /** Stack of recycled ids: the last one rested is handed out first, its columns being still in the cache. */
  #freeIds = new Int32Array(INITIAL_CAPACITY);
  #freeIdCount = 0;
  /** ring of the ids freed last */
  readonly #resting = new Int32Array(RESTING).fill(-1);
  #rests = 0;
  /** ids handed out so far are 0 .. #idLimit − 1; the most pointers ever live at once, and those at rest */
  #idLimit = 0;

  /** pointers in the table */
  get size(): number {
    return this.#size;
  }

  /** The id of pointer `p` (≠ 0), or −1. */
  find(p: number): number {
    const at = this.#probe(p);
    return this.#pairs[at] === p ? this.#pairs[at + 1]! | 0 : -1;
  }

  /** Enters `p` (≠ 0) under a fresh id, which is returned; if it is there already, changes nothing and returns ~id. */
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

  /** Takes `p` out and recycles its id, which is returned; −1 if it is not there. */
  remove(p: number): number {
    const id = this.detach(p);
    if (id >= 0) {
      this.#recycle(id);
    }
    return id;
  }

  /** Takes `p` out, but leaves its id in use, for `attach`; −1 if it is not there. */
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

  /**
   * Enters `p` under `id`, which `detach` gave. If `p` was there under another id, that one is recycled and returned;
   * else −1.
   */
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
   * Brings the slots of a column of pointers into the cache. Lookups one after the other each wait for memory; these
   * loads depend on nothing and overlap. A sum is returned only because an unused load would be optimised away.
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

  /** Where `p` is, or the empty pair where it would go. */
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

  /** Empties `gap` by moving back every later key of the run that may go there. */
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
      // A key may move back as far as its home: the gap must lie between home and here, around the table's end.
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

/** Where the search for `p` begins; `shift` = 32 − log2(capacity). */
function home(p: number, shift: number): number {
  // Bits 4..35 (the lower ones are 0 in a chunk's address) and the rest above, since heaps lie 64 MiB or 2^40 apart.
  // Fibonacci hashing: the product's upper bits depend on all of both, and near addresses never share a slot.
  const low = Math.imul((p * 2 ** -4) | 0, 0x9e3779b1);
  const high = Math.imul((p * 2 ** -36) | 0, 0x85ebca6b);
  return ((low + high) >>> shift) << 1;
}
