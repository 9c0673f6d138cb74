/** Pages of a mapping that are resident, where they are no prefix of it: a byte a page, and their number. */
export class PageSet {
  #has: Uint8Array;
  #count = 0;

  constructor(pages: number) {
    this.#has = new Uint8Array(pages);
  }

  clone(): PageSet {
    const copy = new PageSet(0);
    copy.#has = this.#has.slice();
    copy.#count = this.#count;
    return copy;
  }

  /** how many there are */
  get count(): number {
    return this.#count;
  }

  /** Puts in pages from..to-1 (present: 1), or takes them out (0). */
  set(from: number, to: number, present: 0 | 1): void {
    const end = Math.min(to, this.#has.length);
    for (let page = from; page < end; page++) {
      this.#count += present - this.#has[page]!;
      this.#has[page] = present;
    }
  }

  /** The mapping now has `pages` pages: the tail's are gone, new ones are not resident. */
  resize(pages: number): void {
    this.set(pages, this.#has.length, 0);
    const resized = new Uint8Array(pages);
    resized.set(this.#has.subarray(0, pages));
    this.#has = resized;
  }
}
