/** Lifetimes of a caller's blocks: item b counts those from 2^b events on, below 2^(b+1). */
export const LIFETIMES = 32;

/** How long blocks lived that were freed or resized, for each caller. */
export class CallerLifetimes {
  /** index of each caller */
  readonly #indexes = new Map<number, number>();
  #counts = new Uint32Array(16 * LIFETIMES);

  /** Becomes a copy of `from`. */
  copy(from: CallerLifetimes): void {
    this.#indexes.clear();
    for (const [caller, index] of from.#indexes) {
      this.#indexes.set(caller, index);
    }
    this.#counts = from.#counts.slice();
  }

  /** The index of a caller, which is added if it is new. */
  indexOf(caller: number): number {
    const index = this.#indexes.get(caller) ?? this.#indexes.size;
    this.#indexes.set(caller, index);
    if ((index + 1) * LIFETIMES > this.#counts.length) {
      const counts = new Uint32Array(this.#counts.length * 2);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    return index;
  }

  /** Counts a block of the caller with this index that lived for so many events, modulo 2^32. */
  count(index: number, events: number): void {
    this.#counts[index * LIFETIMES + 31 - Math.clz32(events | 1)]!++;
  }

  /** Of a caller; empty if it is not known. */
  of(caller: number): number[] {
    const index = this.#indexes.get(caller);
    return index === undefined
      ? []
      : Array.from(this.#counts.subarray(index * LIFETIMES, (index + 1) * LIFETIMES));
  }
}
