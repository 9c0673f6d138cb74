import { EVERY_PLANE, type Resident } from "./resident.ts";

/** Pages of a leaf, a power of two: 2 MiB where a page has 4096 bytes. */
const LEAF_SHIFT = 9;
const LEAF_PAGES = 1 << LEAF_SHIFT;
const PAGE_MASK = LEAF_PAGES - 1;

/** Pages of a write, as most are, that is made page by page. */
const SHORT_PAGES = 16;

/**
 * The planes of a heap's pages (resident.ts), a byte per page, in leaves of LEAF_PAGES pages. All leaves whose pages have
 * the same planes are one object: a heap costs memory and time by what is written in it, not by the size that a log
 * claims. Copies of a process share the leaves that neither has changed since.
 *
 * A `resident` counts the pages that a change makes resident or absent.
 */
export class HeapPages {
  /** by number of the leaf */
  #leaves: Uint8Array[] = [];
  /** by leaf: true if nothing else refers to it, so that it may be changed */
  #isOwn: boolean[] = [];
  /** by leaf: planes that each of its pages is known to be in */
  #common: number[] = [];

  #length = 0;

  /** pages from this one on are in no plane */
  get length(): number {
    return this.#length;
  }

  clone(): HeapPages {
    const copy = new HeapPages();
    this.#isOwn.fill(false);
    copy.#leaves = this.#leaves.slice();
    copy.#isOwn = this.#isOwn.slice();
    copy.#common = this.#common.slice();
    copy.#length = this.#length;
    return copy;
  }

  /** the planes of a page */
  get(page: number): number {
    const leaf = this.#leaves[page >> LEAF_SHIFT];
    return leaf === undefined ? 0 : leaf[page & PAGE_MASK]!;
  }

  /** Adds a page to `planes`. */
  add(page: number, planes: number, resident: Resident): void {
    const before = this.get(page);
    if ((before & planes) === planes) {
      return;
    }
    this.#extend(page + 1);
    this.#owned(page >> LEAF_SHIFT)[page & PAGE_MASK] = before | planes;
    resident.add(planes & ~before, 1);
  }

  /** Adds pages from..to-1 to `planes`. */
  addRange(from: number, to: number, planes: number, resident: Resident): void {
    if (to - from > SHORT_PAGES) {
      this.#extend(to);
      this.#change(from, to, planes, 0, 0, resident);
      return;
    }
    for (let page = from; page < to; page++) {
      this.add(page, planes, resident);
    }
  }

  /** Takes pages from..to-1 out of all planes. */
  drop(from: number, to: number, resident: Resident): void {
    this.remove(from, to, EVERY_PLANE, 0, resident);
    if (to >= this.#length) {
      this.#length = Math.min(this.#length, from);
    }
  }

  /** Takes pages from..to-1 out of `planes`, except those in a plane of `unless`. */
  remove(from: number, to: number, planes: number, unless: number, resident: Resident): void {
    const end = Math.min(to, this.length);
    this.#change(from, end, 0, planes, unless, resident);
  }

  /** True if one of the pages from..to-1 is not in all of `planes`. */
  lacks(from: number, to: number, planes: number): boolean {
    if (to > this.length) {
      return true;
    }
    for (let page = from; page < to; ) {
      const leaf = page >> LEAF_SHIFT;
      const end = Math.min(to, endOf(leaf));
      if ((this.#common[leaf]! & planes) !== planes) {
        for (; page < end; page++) {
          if ((this.get(page) & planes) !== planes) {
            return true;
          }
        }
      }
      page = end;
    }
    return false;
  }

  /** The first page from `least` on above which no page is in one of `planes`. */
  endIn(planes: number, least: number): number {
    for (let end = this.length; end > least; ) {
      const leaf = (end - 1) >> LEAF_SHIFT;
      const start = Math.max(least, leaf << LEAF_SHIFT);
      if (!this.#isUniform(leaf) || this.get(start) & planes) {
        for (; end > start; end--) {
          if (this.get(end - 1) & planes) {
            return end;
          }
        }
      }
      end = start;
    }
    return least;
  }

  /** Visits the runs of adjacent pages with the same planes among pages from..to-1, below `length`. */
  eachRun(
    from: number,
    to: number,
    visit: (from: number, to: number, planes: number) => void,
  ): void {
    const end = Math.min(to, this.length);
    let start = from;
    let planes = this.get(from);
    for (let page = from; page < end; ) {
      const leaf = page >> LEAF_SHIFT;
      const pages = this.#leaves[leaf]!;
      const leafEnd = Math.min(end, endOf(leaf));
      if (pages === uniformLeaf(planes)) {
        page = leafEnd;
      }
      for (; page < leafEnd; page++) {
        if (pages[page & PAGE_MASK] !== planes) {
          visit(start, page, planes);
          start = page;
          planes = pages[page & PAGE_MASK]!;
        }
      }
      if (page === endOf(leaf) && page - start >= LEAF_PAGES) {
        this.#replace(leaf, planes);
      }
    }
    if (start < end) {
      visit(start, end, planes);
    }
  }

  /** Adds the number of pages among from..to-1, below `length`, to `counts`: by their planes, 0 to EVERY_PLANE. */
  countIn(from: number, to: number, counts: Float64Array): void {
    const end = Math.min(to, this.length);
    for (let page = from; page < end; ) {
      const leaf = page >> LEAF_SHIFT;
      const leafEnd = Math.min(end, endOf(leaf));
      if (this.#isUniform(leaf)) {
        counts[this.get(page)]! += leafEnd - page;
      } else {
        this.#countInLeaf(leaf, page & PAGE_MASK, leafEnd - (leaf << LEAF_SHIFT), counts);
      }
      page = leafEnd;
    }
  }

  /** Pages from..to-1 of a leaf. */
  #countInLeaf(leaf: number, from: number, to: number, counts: Float64Array): void {
    const pages = this.#leaves[leaf]!;
    for (let at = from; at < to; ) {
      const end = runEnd(pages, at, to);
      counts[pages[at]!]! += end - at;
      if (end - at === LEAF_PAGES) {
        this.#replace(leaf, pages[at]!);
      }
      at = end;
    }
  }

  /** Pages up to `to` may be in a plane. */
  #extend(to: number): void {
    while (this.#leaves.length << LEAF_SHIFT < to) {
      this.#leaves.push(uniformLeaf(0));
      this.#isOwn.push(false);
      this.#common.push(0);
    }
    this.#length = Math.max(this.#length, to);
  }

  /** All pages of the leaf are in `planes` and no others. */
  #replace(leaf: number, planes: number): void {
    this.#leaves[leaf] = uniformLeaf(planes);
    this.#isOwn[leaf] = false;
    this.#common[leaf] = planes;
  }

  /** The leaf, to be changed. */
  #owned(leaf: number): Uint8Array {
    if (!this.#isOwn[leaf]) {
      this.#leaves[leaf] = this.#leaves[leaf]!.slice();
      this.#isOwn[leaf] = true;
    }
    return this.#leaves[leaf]!;
  }

  /**
   * Adds pages from..to-1, which have leaves, to the planes `added`, and takes them out of the planes `removed`, except
   * those in a plane of `unless`.
   */
  #change(
    from: number,
    to: number,
    added: number,
    removed: number,
    unless: number,
    resident: Resident,
  ): void {
    for (let page = from; page < to; ) {
      const leaf = page >> LEAF_SHIFT;
      const end = Math.min(to, endOf(leaf));
      const isWhole = end - page === LEAF_PAGES;
      if (removed === 0 && (this.#common[leaf]! & added) === added) {
        page = end;
      } else if (isWhole && this.#isUniform(leaf)) {
        const after = changed(this.get(page), added, removed, unless);
        page = this.#replaceEqual(leaf, to >> LEAF_SHIFT, after, resident);
      } else {
        this.#changeWithin(leaf, page, end, added, removed, unless, resident);
        page = end;
      }
    }
  }

  #isUniform(leaf: number): boolean {
    const pages = this.#leaves[leaf]!;
    return pages === uniformLeaf(pages[0]!);
  }

  /** Replaces a leaf whose pages are alike, and the same ones above it up to leaf `end`. Returns the page after them. */
  #replaceEqual(first: number, end: number, after: number, resident: Resident): number {
    const pages = this.#leaves[first]!;
    let leaf = first;
    for (; leaf < end && this.#leaves[leaf] === pages; leaf++) {
      this.#replace(leaf, after);
    }
    count(resident, pages[0]!, after, (leaf - first) << LEAF_SHIFT);
    return leaf << LEAF_SHIFT;
  }

  /** Changes pages from..to-1 of one leaf. */
  #changeWithin(
    leaf: number,
    from: number,
    to: number,
    added: number,
    removed: number,
    unless: number,
    resident: Resident,
  ): void {
    const start = leaf << LEAF_SHIFT;
    const isWhole = to - from === LEAF_PAGES;
    const first = changed(this.get(from), added, removed, unless);
    let isUniform = isWhole;
    let pages = this.#leaves[leaf]!;
    for (let at = from - start; at < to - start; ) {
      const planes = pages[at]!;
      const end = runEnd(pages, at, to - start);
      const after = changed(planes, added, removed, unless);
      isUniform &&= after === first;
      if (after !== planes) {
        count(resident, planes, after, end - at);
        pages = this.#owned(leaf);
        pages.fill(after, at, end);
      }
      at = end;
    }
    if (isUniform) {
      this.#replace(leaf, first);
    } else {
      this.#common[leaf] = (this.#common[leaf]! & ~removed) | (isWhole ? added : 0);
    }
  }
}

function changed(planes: number, added: number, removed: number, unless: number): number {
  return (planes & unless ? planes : planes & ~removed) | added;
}

/** The end of the run of pages from `from` on, below `to`, that are in the same planes. */
function runEnd(pages: Uint8Array, from: number, to: number): number {
  const planes = pages[from];
  let end = from + 1;
  while (end < to && pages[end] === planes) {
    end++;
  }
  return end;
}

function count(resident: Resident, before: number, after: number, pages: number): void {
  if (before === after) {
    return;
  }
  resident.add(after & ~before, pages);
  resident.add(before & ~after, -pages);
}

/** The first page after those of a leaf. */
function endOf(leaf: number): number {
  return (leaf + 1) << LEAF_SHIFT;
}

const UNIFORM: Uint8Array[] = [];

/** The one leaf whose pages are all in `planes`. */
function uniformLeaf(planes: number): Uint8Array {
  UNIFORM[planes] ??= new Uint8Array(LEAF_PAGES).fill(planes);
  return UNIFORM[planes];
}
