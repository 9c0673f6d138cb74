import { PLANES } from "./resident.ts";

/** Resident planes of a mapping's pages, where they are no prefixes of it: a byte a page, and the pages in each. */
export class PagePlanes {
  #planes: Uint8Array;
  readonly #counts = new Float64Array(PLANES);

  constructor(pages: number) {
    this.#planes = new Uint8Array(pages);
  }

  clone(): PagePlanes {
    const copy = new PagePlanes(0);
    copy.#planes = this.#planes.slice();
    copy.#counts.set(this.#counts);
    return copy;
  }

  /** how many pages are in the plane with this bit */
  count(bit: number): number {
    return this.#counts[bit]!;
  }

  /** Puts pages from..to-1 into `planes`. */
  add(from: number, to: number, planes: number): void {
    const end = Math.min(to, this.#planes.length);
    for (let page = from; page < end; page++) {
      this.#put(page, this.#planes[page]! | planes);
    }
  }

  /** Takes pages from..to-1 out of `planes`, but for those that are in a plane of `unless`. */
  remove(from: number, to: number, planes: number, unless: number): void {
    const end = Math.min(to, this.#planes.length);
    for (let page = from; page < end; page++) {
      const before = this.#planes[page]!;
      if ((before & unless) === 0) {
        this.#put(page, before & ~planes);
      }
    }
  }

  /** The mapping now has `pages` pages: the tail's are gone, new ones are not resident. */
  resize(pages: number): void {
    for (let page = pages; page < this.#planes.length; page++) {
      this.#put(page, 0);
    }
    const resized = new Uint8Array(pages);
    resized.set(this.#planes.subarray(0, pages));
    this.#planes = resized;
  }

  #put(page: number, planes: number): void {
    const before = this.#planes[page]!;
    for (let bit = 0; bit < PLANES; bit++) {
      this.#counts[bit]! += ((planes >> bit) & 1) - ((before >> bit) & 1);
    }
    this.#planes[page] = planes;
  }
}
