/** Threads that a log names by text; beyond them all others are one. */
const MAX_NAMES = 65_536;
const OTHERS = "…";

/** Small numbers for the names of threads: 1, 2, … in order of appearance. Threads of one name are one. */
export class ThreadNames {
  /** the name that `numberOf` has given a number last, if it had none before; else null */
  latest: string | null = null;
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const name = this.#numbers.size < MAX_NAMES || this.#numbers.has(text) ? text : OTHERS;
    const known = this.#numbers.get(name);
    if (known !== undefined) {
      this.latest = null;
      return known;
    }
    const number = this.#numbers.size + 1;
    this.#numbers.set(name, number);
    this.latest = name;
    return number;
  }
}
