const ENTRIES_BITS = 16;

/**
 * A bounded memory of pointers freed and not handed out since: what tells a double free from the free of a pointer
 * the log never saw. Direct-mapped: each pointer has one place among 65,536, where the last one freed stays; a double
 * free is thus missed (and counted as the free of an unknown pointer) when its place was taken in between.
 */
export class RecentlyFreed {
  readonly #pointers = new Float64Array(1 << ENTRIES_BITS);

  add(p: number): void {
    this.#pointers[place(p)] = p;
  }

  /** `p` was handed out again. */
  delete(p: number): void {
    const at = place(p);
    if (this.#pointers[at] === p) {
      this.#pointers[at] = 0;
    }
  }

  has(p: number): boolean {
    return this.#pointers[place(p)] === p;
  }
}

/** A place per 32 bytes, the least that a chunk takes; the upper part spreads heaps, which lie 64 MiB apart. */
function place(p: number): number {
  return (
    (((p * 2 ** -5) | 0) + Math.imul((p * 2 ** -26) | 0, 0x9e3779b1)) & ((1 << ENTRIES_BITS) - 1)
  );
}
