import { PLANES } from "./resident.ts";

/**
 * Resident planes of a mapping whose resident pages are not a prefix: a byte per page, and the page count per plane.
 */
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

  /** number of pages in the plane with this bit number */
  count(bit: number): number {
    return this.#counts[bit]!;
  }

  /** Adds pages from..to-1 to `planes`. */
  add(from: number, to: number, planes: number): void {
    const end = Math.min(to, this.#planes.length);
    for (let page = from; page < end; page++) {
      this.#set(page, this.#planes[page]! | planes);
    }
  }

  /** Removes pages from..to-1 from `planes`, except those in a plane of `unless`. */
  remove(from: number, to: number, planes: number, unless: number): void {
    const end = Math.min(to, this.#planes.length);
    for (let page = from; page < end; page++) {
      const before = this.#planes[page]!;
      if ((before & unless) === 0) {
        this.#set(page, before & ~planes);
      }
    }
  }

  /** Changes the number of pages; new ones are not resident. */
  resize(pages: number): void {
    for (let page = pages; page < this.#planes.length; page++) {
      this.#set(page, 0);
    }
    const resized = new Uint8Array(pages);
    resized.set(this.#planes.subarray(0, pages));
    this.#planes = resized;
  }

  #set(page: number, planes: number): void {
    const before = this.#planes[page]!;
    for (let bit = 0; bit < PLANES; bit++) {
      this.#counts[bit]! += ((planes >> bit) & 1) - ((before >> bit) & 1);
    }
    this.#planes[page] = planes;
  }
}
