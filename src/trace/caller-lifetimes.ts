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

  /** How many blocks lived how long: item `index * LIFETIMES + b` for the caller with this index. Until the next `indexOf`. */
  get counts(): Uint32Array {
    return this.#counts;
  }

  /** Of a caller; empty if it is not known. */
  of(caller: number): number[] {
    const index = this.#indexes.get(caller);
    return index === undefined
      ? []
      : Array.from(this.#counts.subarray(index * LIFETIMES, (index + 1) * LIFETIMES));
  }
}
