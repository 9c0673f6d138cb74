import { HEAP_RECORD } from "./core-layout.ts";
import type { Core } from "./core-module.ts";
import { EVERY_PLANE } from "./resident.ts";

/** Pages of a leaf, a power of two: 2 MiB where a page has 4096 bytes. */
const LEAF_SHIFT = 9;
const PAGE_MASK = (1 << LEAF_SHIFT) - 1;
/** Words of an entry in the table of leaves: the address of its bytes, or the planes of all its pages; and a word more. */
const LEAF_WORDS = 2;

/** The planes of a heap's pages (resident.ts), as the core keeps them (core/heap-pages.ts). */
export class HeapPages {
  readonly #core: Core;
  /** of the heap */
  readonly #address: number;

  constructor(core: Core, address: number) {
    this.#core = core;
    this.#address = address;
  }

  /** pages from this one on are in no plane */
  get length(): number {
    return this.#word(HEAP_RECORD.pageEnd);
  }

  /** the planes of a page */
  get(page: number): number {
    const leaf = this.#leaf(page);
    return leaf <= EVERY_PLANE ? leaf : this.#core.attached.u8[leaf + (page & PAGE_MASK)]!;
  }

  /** Adds pages from..to-1 to `planes`. */
  addRange(from: number, to: number, planes: number): void {
    this.#core.calls.addPages(this.#address, from, to, planes);
  }

  /** Takes pages from..to-1 out of all planes. */
  drop(from: number, to: number): void {
    this.#core.calls.dropPages(this.#address, from, to);
  }

  /** The first page from `least` on above which no page is in one of `planes`. */
  endIn(planes: number, least: number): number {
    let end = least;
    this.eachRun(least, this.length, (_from, to, of) => {
      end = of & planes ? to : end;
    });
    return end;
  }

  /** Visits the runs of adjacent pages with the same planes among pages from..to-1, below `length`. */
  eachRun(
    from: number,
    to: number,
    visit: (from: number, to: number, planes: number) => void,
  ): void {
    const end = Math.min(to, this.length);
    let start = from;
    while (start < end) {
      const planes = this.get(start);
      const next = this.#runEnd(start, end, planes);
      visit(start, next, planes);
      start = next;
    }
  }

  /** The end of the run of pages from `from` on, below `to`, that are in `planes`. */
  #runEnd(from: number, to: number, planes: number): number {
    const { u8 } = this.#core.attached;
    let page = from;
    while (page < to) {
      const leaf = this.#leaf(page);
      const end = Math.min(to, (page | PAGE_MASK) + 1);
      if (leaf <= EVERY_PLANE) {
        if (leaf !== planes) {
          return page;
        }
        page = end;
      } else {
        for (; page < end; page++) {
          if (u8[leaf + (page & PAGE_MASK)] !== planes) {
            return page;
          }
        }
      }
    }
    return to;
  }

  /** Of the leaf of a page, the address of its bytes; or the planes of all its pages, which are at most EVERY_PLANE. */
  #leaf(page: number): number {
    const leaf = page >> LEAF_SHIFT;
    if (leaf >= this.#word(HEAP_RECORD.leafCount)) {
      return 0;
    }
    const table = this.#word(HEAP_RECORD.leaves) >>> 2;
    return this.#core.attached.i32[table + leaf * LEAF_WORDS]! >>> 0;
  }

  #word(field: number): number {
    return this.#core.attached.i32[this.#address / 4 + field]!;
  }
}
