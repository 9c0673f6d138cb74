const ENTRIES_BITS = 16;

/**
 * A bounded memory of pointers that were freed and not returned since. It distinguishes a double free from the free of
 * a pointer that the log never showed. Direct-mapped: each pointer has one of 65,536 places, which holds the last one
 * freed there; a double free whose place was overwritten counts as the free of an unknown pointer.
 */
export class RecentlyFreed {
  readonly #pointers = new Float64Array(1 << ENTRIES_BITS);

  copy(from: RecentlyFreed): void {
    this.#pointers.set(from.#pointers);
  }

  add(p: number): void {
    this.#pointers[place(p)] = p;
  }

  /** An allocation returned `p` again. */
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

/** A place for each 32 bytes, the smallest chunk; the second term spreads heaps, which lie 64 MiB apart. */
function place(p: number): number {
  return (
    (((p * 2 ** -5) | 0) + Math.imul((p * 2 ** -26) | 0, 0x9e3779b1)) & ((1 << ENTRIES_BITS) - 1)
  );
}
