/**
 * Small numbers for thread handles, which pthread_self() returns and which exceed a thread id: 1, 2, … in order of
 * appearance. A handle is an address, and a new thread may get that of one which has ended: both are then one thread.
 */
export class ThreadHandles {
  readonly #numbers = new Map<number, number>();

  numberOf(handle: number): number {
    const known = this.#numbers.get(handle);
    if (known !== undefined) {
      return known;
    }
    const number = this.#numbers.size + 1;
    this.#numbers.set(handle, number);
    return number;
  }
}
