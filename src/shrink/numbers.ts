/** Numbers in place of what identifies a machine, a person or a program: 1, 2, … in order of appearance. */
export class Numbers<Key> {
  readonly #numbers = new Map<Key, number>();

  /** how many there are */
  get size(): number {
    return this.#numbers.size;
  }

  of(key: Key): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) {
      return known;
    }
    const number = this.#numbers.size + 1;
    this.#numbers.set(key, number);
    return number;
  }
}
