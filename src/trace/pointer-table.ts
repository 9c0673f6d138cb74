/**
 * Pointer → dense block id, for every pointer that is live in the log.
 *
 * Open addressing with linear probing on typed arrays: a JS Map stops at 16.7 M entries and costs two to three times
 * more. Deletion shifts the rest of the run back instead of leaving tombstones, so that a log that frees as much as
 * it allocates never fills the table up. Memory grows with the most pointers ever live at once, and never shrinks.
 *
 * Chunks are small and near each other, calls on them come in bursts: addresses of the same 256 bytes get neighbouring
 * slots, and only their common upper part is hashed.
 */

/** Slots that addresses of the same 256 bytes share; a power of two. */
const GROUP_SLOTS = 16;
const GROUP_BITS = 4;
const INITIAL_CAPACITY = 1024;
/** Linear probing degrades steeply above two thirds. */
const MAX_LOAD = 0.6;

export class PointerTable {
  /** Slot s: a pointer at 2s (0 = empty) and its id at 2s + 1, side by side: one cache miss, not two. */
  #slots = new Float64Array(INITIAL_CAPACITY * 2);
  #mask = INITIAL_CAPACITY - 1;
  /** 32 − log2(groups): keeps the upper bits of the hash, which depend on all bits of the address */
  #shift = 32 - Math.log2(INITIAL_CAPACITY / GROUP_SLOTS);
  #limit = Math.floor(INITIAL_CAPACITY * MAX_LOAD);
  #size = 0;
  /** Stack of recycled ids: the last one freed is handed out first, its columns being still in the cache. */
  #freeIds = new Int32Array(INITIAL_CAPACITY);
  #freeIdCount = 0;
  #idLimit = 0;

  /** pointers in the table */
  get size(): number {
    return this.#size;
  }

  /** ids handed out so far are 0 .. idLimit − 1; the most pointers ever live at once */
  get idLimit(): number {
    return this.#idLimit;
  }

  /** The id of pointer `p` (≠ 0), or −1. */
  find(p: number): number {
    const slot = this.#probe(p);
    return this.#slots[slot * 2] === p ? this.#id(slot) : -1;
  }

  /** Enters `p` (≠ 0) under a fresh id, which is returned; if it is there already, changes nothing and returns ~id. */
  insert(p: number): number {
    const slot = this.#probe(p);
    if (this.#slots[slot * 2] === p) return ~this.#id(slot);
    const id = this.#freeIdCount > 0 ? this.#freeIds[--this.#freeIdCount]! : this.#idLimit++;
    this.#put(slot, p, id);
    return id;
  }

  /** Takes `p` out and recycles its id, which is returned; −1 if it is not there. */
  remove(p: number): number {
    const id = this.detach(p);
    if (id >= 0) this.#recycle(id);
    return id;
  }

  /** Takes `p` out, but leaves its id in use, for `attach`; −1 if it is not there. */
  detach(p: number): number {
    const slot = this.#probe(p);
    if (this.#slots[slot * 2] !== p) return -1;
    const id = this.#id(slot);
    this.#vacate(slot);
    this.#size--;
    return id;
  }

  /**
   * Enters `p` under `id`, which `detach` gave. If `p` was there under another id, that one is recycled and returned;
   * else −1.
   */
  attach(p: number, id: number): number {
    const slot = this.#probe(p);
    if (this.#slots[slot * 2] === p) {
      const displaced = this.#id(slot);
      this.#slots[slot * 2 + 1] = id;
      this.#recycle(displaced);
      return displaced;
    }
    this.#put(slot, p, id);
    return -1;
  }

  /** Visits every pointer in the table, in no particular order; the table must not change meanwhile. */
  forEach(visit: (id: number, pointer: number) => void): void {
    for (let slot = 0; slot <= this.#mask; slot++) {
      const pointer = this.#slots[slot * 2]!;
      if (pointer !== 0) visit(this.#id(slot), pointer);
    }
  }

  /** The slot where `p` is, or the empty one where it would go. */
  #probe(p: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = this.#home(p);
    for (;;) {
      const key = slots[slot * 2]!;
      if (key === p || key === 0) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** Where the search for `p` begins. */
  #home(p: number): number {
    // Bits 8..39 and the rest above. Without the second, heaps 64 MiB (2^26) × 2^14 apart would fall on each other.
    const high = Math.imul((p * 2 ** -40) | 0, 0x85ebca6b);
    let hash = Math.imul(((p * 2 ** -8) | 0) ^ high, 0x9e3779b1);
    // Multiplication carries upwards only: bring the upper half down, and spread it once more.
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
    return ((hash >>> this.#shift) << GROUP_BITS) | ((p * 2 ** -4) & (GROUP_SLOTS - 1));
  }

  #id(slot: number): number {
    return this.#slots[slot * 2 + 1]! | 0;
  }

  #put(slot: number, p: number, id: number): void {
    this.#slots[slot * 2] = p;
    this.#slots[slot * 2 + 1] = id;
    if (++this.#size > this.#limit) this.#grow();
  }

  #recycle(id: number): void {
    if (this.#freeIdCount === this.#freeIds.length) {
      const grown = new Int32Array(this.#freeIds.length * 2);
      grown.set(this.#freeIds);
      this.#freeIds = grown;
    }
    this.#freeIds[this.#freeIdCount++] = id;
  }

  /** Empties `hole` by moving back every later key of the run that its home does not forbid. */
  #vacate(hole: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = hole;
    for (;;) {
      slot = (slot + 1) & mask;
      const key = slots[slot * 2]!;
      if (key === 0) break;
      // A key may move back as far as its home: the hole must lie between home and slot, around the table's end.
      if (((slot - this.#home(key)) & mask) >= ((slot - hole) & mask)) {
        slots[hole * 2] = key;
        slots[hole * 2 + 1] = slots[slot * 2 + 1]!;
        hole = slot;
      }
    }
    slots[hole * 2] = 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(old.length * 2);
    this.#mask = old.length - 1;
    this.#shift--;
    this.#limit = Math.floor(old.length * MAX_LOAD);
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      const to = this.#probe(old[from]!) * 2;
      this.#slots[to] = old[from]!;
      this.#slots[to + 1] = old[from + 1]!;
    }
  }
}
