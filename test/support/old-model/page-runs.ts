import { PLANES } from "./resident.ts";

/** A list of page ranges, from, to, from, to …, ascending; they may overlap, `to` is exclusive. */
export type PageRanges = readonly number[];

/**
 * The planes of a mapping whose resident pages are not a prefix: runs of adjacent pages with the same planes, and the page
 * count per plane. A log may claim blocks of any size, so that memory and time grow with the runs, not with the pages.
 */
export class PageRuns {
  /** of each run, the page after its last one; ascending */
  #ends: number[];
  /** of each run, the planes of its pages; adjacent runs differ */
  #planes: number[];
  readonly #counts = new Float64Array(PLANES);

  constructor(pages: number) {
    this.#ends = [pages];
    this.#planes = [0];
  }

  clone(): PageRuns {
    const copy = new PageRuns(0);
    copy.#ends = [...this.#ends];
    copy.#planes = [...this.#planes];
    copy.#counts.set(this.#counts);
    return copy;
  }

  /** number of pages in the plane with this bit number */
  count(bit: number): number {
    return this.#counts[bit]!;
  }

  /** Adds the pages in `ranges` to `planes`. */
  add(ranges: PageRanges, planes: number): void {
    this.#change(ranges, (before) => before | planes);
  }

  /** Removes the pages in `ranges` from `planes`, except those in a plane of `unless`. */
  remove(ranges: PageRanges, planes: number, unless: number): void {
    this.#change(ranges, (before) => (before & unless ? before : before & ~planes));
  }

  /** Changes the number of pages; new ones are not resident. */
  resize(pages: number): void {
    this.#change([pages, Number.POSITIVE_INFINITY], () => 0);
    const ends: number[] = [];
    const planes: number[] = [];
    let from = 0;
    for (let run = 0; run < this.#ends.length && from < pages; run++) {
      const end = Math.min(this.#ends[run]!, pages);
      push(ends, planes, end, this.#planes[run]!);
      from = end;
    }
    if (from < pages || ends.length === 0) {
      push(ends, planes, pages, 0);
    }
    this.#ends = ends;
    this.#planes = planes;
  }

  /** Gives the pages in `ranges` the planes that `after` returns for their planes. One pass over all runs. */
  #change(ranges: PageRanges, after: (before: number) => number): void {
    const ends: number[] = [];
    const planes: number[] = [];
    let at = 0;
    let range = 0;
    for (let run = 0; run < this.#ends.length; run++) {
      const runEnd = this.#ends[run]!;
      const before = this.#planes[run]!;
      while (at < runEnd) {
        while (range < ranges.length && ranges[range + 1]! <= at) {
          range += 2;
        }
        const from = ranges[range] ?? Number.POSITIVE_INFINITY;
        if (from > at) {
          at = Math.min(runEnd, from);
          push(ends, planes, at, before);
          continue;
        }
        const end = Math.min(runEnd, ranges[range + 1]!);
        this.#count(end - at, before, after(before));
        at = end;
        push(ends, planes, at, after(before));
      }
    }
    this.#ends = ends;
    this.#planes = planes;
  }

  #count(pages: number, before: number, after: number): void {
    for (let bit = 0; bit < PLANES; bit++) {
      this.#counts[bit]! += pages * (((after >> bit) & 1) - ((before >> bit) & 1));
    }
  }
}

/** Appends a run up to page `end`, or lengthens the last run if that has the same planes. */
function push(ends: number[], planes: number[], end: number, ofRun: number): void {
  if (planes.length > 0 && planes.at(-1) === ofRun) {
    ends[ends.length - 1] = end;
  } else {
    ends.push(end);
    planes.push(ofRun);
  }
}
