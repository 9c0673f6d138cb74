import { GRANULE } from "./chunks.ts";
import { type PageRanges, PageRuns } from "./page-runs.ts";
import {
  bitOf,
  EVERY_PLANE,
  LOGGED_PLANES,
  PLANE_NONE,
  PLANES,
  type Resident,
} from "./resident.ts";

/**
 * The mapping of a mapped chunk (IS_MMAPPED, ptmalloc2.md §3.8). Resident are its first page, which held the header at
 * first, the page of the header after memalign moved it up, and in each plane a prefix of the block. Planes are stored
 * by runs of pages only once a log shows that the program left out pages.
 */
export class Mapping {
  /** see Memory.ownMappingOf */
  owner: object | null = null;
  /** whole pages, in bytes */
  totalBytes: number;
  /** granules from the start of the mapping to the chunk */
  offset = 0;
  /** bytes from the start of the mapping to the end of the written prefix, by bit number of the plane */
  readonly #ends: number[] = new Array(PLANES).fill(0);
  /** the planes of all pages; null while `#ends` describes them */
  #scattered: PageRuns | null = null;

  readonly #pageBytes: number;
  /** pages that a first write makes resident: 1, or those of a transparent huge page */
  readonly #faultPages: number;

  constructor(totalBytes: number, pageBytes: number, faultPages: number) {
    this.totalBytes = totalBytes;
    this.#pageBytes = pageBytes;
    this.#faultPages = faultPages;
  }

  clone(): Mapping {
    const copy = new Mapping(this.totalBytes, this.#pageBytes, this.#faultPages);
    copy.offset = this.offset;
    for (let bit = 0; bit < PLANES; bit++) {
      copy.#ends[bit] = this.#ends[bit]!;
    }
    copy.#scattered = this.#scattered?.clone() ?? null;
    return copy;
  }

  /** Resident pages if the prefix up to byte `end` of the mapping is written. */
  #pagesUpTo(end: number): number {
    const separate = this.#headerPage > 0 ? 2 : 1;
    return separate + Math.max(0, this.#prefixEnd(end) - this.#prefixStart);
  }

  /** the page that holds the chunk's header */
  get #headerPage(): number {
    return Math.floor((this.offset * GRANULE) / this.#pageBytes);
  }

  /** the block's first page after that of the header */
  get #prefixStart(): number {
    return Math.max(Math.floor(this.#blockStart / this.#pageBytes), this.#headerPage + 1);
  }

  /** The page after the last resident one if the prefix up to byte `end` is written. */
  #prefixEnd(end: number): number {
    const written = Math.ceil(Math.min(end, this.totalBytes) / this.#pageBytes);
    return Math.max(written, this.#hugeEnd(Math.max(written, 1)));
  }

  /** The end of the last huge page within the mapping that contains some of its first `pages` pages. */
  #hugeEnd(pages: number): number {
    const end = Math.ceil(pages / this.#faultPages) * this.#faultPages;
    return end * this.#pageBytes <= this.totalBytes ? end : Math.max(end - this.#faultPages, 0);
  }

  /** Resident pages in a plane. */
  pages(plane: number): number {
    return this.#pagesIn(bitOf(plane));
  }

  #pagesIn(bit: number): number {
    return this.#scattered?.count(bit) ?? this.#pagesUpTo(this.#ends[bit]!);
  }

  /** Adds this mapping's pages to the counts, or subtracts them (sign −1) before a change or munmap. */
  count(resident: Resident, sign: 1 | -1): void {
    // Most planes have the same prefix as the previous one.
    let end = -1;
    let pages = 0;
    for (let bit = 0; bit < PLANES; bit++) {
      if (this.#scattered !== null) {
        pages = this.#scattered.count(bit);
      } else if (this.#ends[bit] !== end) {
        end = this.#ends[bit]!;
        pages = this.#pagesUpTo(end);
      }
      resident.addIn(bit, sign * pages);
    }
  }

  /** Marks bytes from..to-1 of the block written. */
  write(resident: Resident, from: number, to: number, planes: number): void {
    if (to <= from) {
      return;
    }
    const start = this.#blockStart;
    if (this.#scattered === null && this.#lengthensPrefix(start + from, planes)) {
      this.#lengthenPrefix(resident, start + to, planes);
      return;
    }
    this.count(resident, -1);
    this.#scatter().add(this.#pagesOf(start + from, start + to), planes);
    this.count(resident, 1);
  }

  /**
   * The log states bytes of the block: `written`, and `absent`, which are not resident, contrary to earlier writes in
   * LOGGED_PLANES; pages that the allocator wrote stay. Both are lists from, to, from, to …, ascending.
   */
  learn(resident: Resident, written: readonly number[], absent: readonly number[]): void {
    const start = this.#blockStart;
    let at = 0;
    while (
      at < written.length &&
      this.#scattered === null &&
      this.#lengthensPrefix(start + written[at]!, LOGGED_PLANES)
    ) {
      this.#lengthenPrefix(resident, start + written[at + 1]!, LOGGED_PLANES);
      at += 2;
    }
    if (at === written.length && absent.length === 0) {
      return;
    }
    const pages: number[] = [];
    for (; at < written.length; at += 2) {
      pages.push(...this.#pagesOf(start + written[at]!, start + written[at + 1]!));
    }
    const absentPages: number[] = [];
    for (let i = 0; i < absent.length; i += 2) {
      absentPages.push(...this.#wholePagesOf(start + absent[i]!, start + absent[i + 1]!));
    }
    this.count(resident, -1);
    this.#scatter().add(pages, LOGGED_PLANES);
    this.#scatter().remove(absentPages, LOGGED_PLANES, PLANE_NONE);
    this.count(resident, 1);
  }

  /** mremap to `totalBytes`: pages move with the block, those of a cut tail are dropped, growth adds none (§9.1). */
  resize(resident: Resident, totalBytes: number): void {
    this.count(resident, -1);
    this.totalBytes = totalBytes;
    for (let bit = 0; bit < PLANES; bit++) {
      this.#ends[bit] = Math.min(this.#ends[bit]!, totalBytes);
    }
    this.#scattered?.resize(totalBytes / this.#pageBytes);
    this.count(resident, 1);
  }

  /**
   * memalign moves the chunk up by `granules` and writes its header; if negative, the chunk turns out to lie lower, with
   * what has been written of its block. False, and nothing changes, if the written pages are already stored one by one.
   */
  advance(resident: Resident, granules: number): boolean {
    if (this.#scattered !== null) {
      return false;
    }
    this.count(resident, -1);
    this.offset += granules;
    for (let bit = 0; bit < PLANES; bit++) {
      if (this.#ends[bit]! > 0) {
        this.#ends[bit]! += granules * GRANULE;
      }
    }
    this.count(resident, 1);
    return true;
  }

  /** bytes from the start of the mapping to the block */
  get #blockStart(): number {
    return (this.offset + 1) * GRANULE;
  }

  /** True if a write from byte `from` of the mapping leaves out no page after the prefix in any of `planes`. */
  #lengthensPrefix(from: number, planes: number): boolean {
    for (let bit = 0; bit < PLANES; bit++) {
      const end = Math.max(this.#ends[bit]!, this.#blockStart);
      if (planes & (1 << bit) && from > Math.ceil(end / this.#pageBytes) * this.#pageBytes) {
        return false;
      }
    }
    return true;
  }

  #lengthenPrefix(resident: Resident, end: number, planes: number): void {
    const pages = this.#pagesUpTo(end);
    let before = -1;
    let added = 0;
    for (let bit = 0; bit < PLANES; bit++) {
      if (!(planes & (1 << bit)) || this.#ends[bit]! >= end) {
        continue;
      }
      if (this.#ends[bit] !== before) {
        before = this.#ends[bit]!;
        added = pages - this.#pagesUpTo(before);
      }
      resident.addIn(bit, added);
      this.#ends[bit] = end;
    }
  }

  /** The pages that a write to bytes from..to-1 of the mapping makes resident. */
  #pagesOf(from: number, to: number): PageRanges {
    const first = Math.floor(from / this.#pageBytes);
    const end = Math.ceil(Math.min(to, this.totalBytes) / this.#pageBytes);
    const hugeStart = first - (first % this.#faultPages);
    const inHuge = hugeStart < this.#hugeEnd(first + 1);
    return [inHuge ? hugeStart : first, Math.max(end, this.#hugeEnd(end))];
  }

  /** The pages that hold nothing but bytes from..to-1 of the mapping, after the block's end nothing at all. */
  #wholePagesOf(from: number, to: number): PageRanges {
    const isLast = to > this.totalBytes - this.#pageBytes;
    const end = to / this.#pageBytes;
    return [Math.ceil(from / this.#pageBytes), isLast ? Math.ceil(end) : Math.floor(end)];
  }

  /** Changes to runs of pages, at first those that `#pagesUpTo` counts. */
  #scatter(): PageRuns {
    if (this.#scattered !== null) {
      return this.#scattered;
    }
    const pages = new PageRuns(this.totalBytes / this.#pageBytes);
    pages.add([0, 1, this.#headerPage, this.#headerPage + 1], EVERY_PLANE);
    for (let bit = 0; bit < PLANES; bit++) {
      pages.add([this.#prefixStart, this.#prefixEnd(this.#ends[bit]!)], 1 << bit);
    }
    this.#scattered = pages;
    return pages;
  }
}
