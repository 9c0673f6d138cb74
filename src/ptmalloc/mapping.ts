import { GRANULE, PAGE } from "./chunks.ts";
import { PageSet } from "./page-set.ts";
import { PLANE_ALL, PLANE_NONE, PLANE_POLICY, type Resident } from "./resident.ts";

/**
 * A chunk with a mapping of its own (IS_MMAPPED, ptmalloc2.md §3.8). Its pages are the one that holds the chunk as
 * it was mapped, the one that holds its header after memalign moved it up, and a prefix of the block. Only where the
 * log tells which pages the program left out (`# hole`) can the policy plane's be scattered; they are then a set.
 */
export class Mapping {
  /** whole pages, in bytes */
  totalBytes: number;
  /** granules from the start of the mapping to the chunk */
  offset = 0;
  /** bytes from the start of the mapping up to which all is written, by plane */
  private policyEnd = 0;
  private noneEnd = 0;
  private allEnd = 0;
  /** the policy plane's resident pages; null while they are those of `policyEnd` */
  private scattered: PageSet | null = null;

  /** pages that a first write brings in: 1, or those of a transparent huge page */
  readonly #faultPages: number;

  constructor(totalBytes: number, faultPages: number) {
    this.totalBytes = totalBytes;
    this.#faultPages = faultPages;
  }

  clone(): Mapping {
    const copy = new Mapping(this.totalBytes, this.#faultPages);
    copy.offset = this.offset;
    copy.policyEnd = this.policyEnd;
    copy.noneEnd = this.noneEnd;
    copy.allEnd = this.allEnd;
    copy.scattered = this.scattered?.clone() ?? null;
    return copy;
  }

  /** Pages resident when the prefix up to byte `end` of the mapping is written. */
  private pagesUpTo(end: number): number {
    const apart = this.headerPage > 0 ? 2 : 1;
    return apart + Math.max(0, this.prefixEnd(end) - this.prefixStart);
  }

  /** the page that holds the chunk's header */
  private get headerPage(): number {
    return Math.floor((this.offset * GRANULE) / PAGE);
  }

  /** the block's first page that does not hold the header, too */
  private get prefixStart(): number {
    return Math.max(Math.floor(this.blockStart / PAGE), this.headerPage + 1);
  }

  /** The page behind the last one that is resident when the prefix up to byte `end` is written. */
  private prefixEnd(end: number): number {
    const written = Math.ceil(Math.min(end, this.totalBytes) / PAGE);
    return Math.max(written, this.#hugeEnd(Math.max(written, 1)));
  }

  /** Where the last huge page that holds some of the first `pages` pages ends, if it lies wholly in the mapping. */
  #hugeEnd(pages: number): number {
    const end = Math.ceil(pages / this.#faultPages) * this.#faultPages;
    return end * PAGE <= this.totalBytes ? end : Math.max(end - this.#faultPages, 0);
  }

  /** Resident pages in one plane. */
  pages(plane: number): number {
    if (plane === PLANE_POLICY) return this.scattered?.count ?? this.pagesUpTo(this.policyEnd);
    return this.pagesUpTo(plane === PLANE_NONE ? this.noneEnd : this.allEnd);
  }

  /** Adds this mapping's pages to the counts, or takes them away (sign −1) before a change or an munmap. */
  count(resident: Resident, sign: 1 | -1): void {
    resident.add(PLANE_POLICY, sign * this.pages(PLANE_POLICY));
    resident.add(PLANE_NONE, sign * this.pagesUpTo(this.noneEnd));
    resident.add(PLANE_ALL, sign * this.pagesUpTo(this.allEnd));
  }

  /** Bytes from..to-1 of the block are written. In the planes none and all, what lies before them is so already. */
  write(resident: Resident, from: number, to: number, planes: number): void {
    if (to <= from) return;
    const start = this.blockStart;
    this.count(resident, -1);
    if (planes & PLANE_POLICY) this.writePolicy(start + from, start + to);
    if (planes & PLANE_NONE) this.noneEnd = Math.max(this.noneEnd, start + to);
    if (planes & PLANE_ALL) this.allEnd = Math.max(this.allEnd, start + to);
    this.count(resident, 1);
  }

  /**
   * Bytes from..to-1 of the block turn out not to be resident in the policy plane; what the allocator itself wrote
   * stays.
   */
  takeBack(resident: Resident, from: number, to: number): void {
    const start = this.blockStart;
    const end = start + to;
    // Behind the block there is nothing but the rest of its last page.
    const wholly = end > this.totalBytes - PAGE ? Math.ceil(end / PAGE) : Math.floor(end / PAGE);
    const kept = Math.max(this.headerPage + 1, Math.ceil(this.noneEnd / PAGE));
    this.count(resident, -1);
    this.scattered ??= this.policyPages();
    this.scattered.set(Math.max(Math.ceil((start + from) / PAGE), kept), wholly, 0);
    this.count(resident, 1);
  }

  /** mremap to `totalBytes`: pages move with the block, the tail's are dropped, growth adds none (§9.1). */
  resize(resident: Resident, totalBytes: number): void {
    this.count(resident, -1);
    this.totalBytes = totalBytes;
    this.policyEnd = Math.min(this.policyEnd, totalBytes);
    this.noneEnd = Math.min(this.noneEnd, totalBytes);
    this.allEnd = Math.min(this.allEnd, totalBytes);
    this.scattered?.resize(totalBytes / PAGE);
    this.count(resident, 1);
  }

  /** memalign moves the chunk up by `granules`: the new header is written. */
  advance(resident: Resident, granules: number): void {
    this.count(resident, -1);
    this.offset += granules;
    this.count(resident, 1);
  }

  /** bytes from the start of the mapping to the block */
  private get blockStart(): number {
    return (this.offset + 1) * GRANULE;
  }

  /** Writes bytes from..to-1 of the mapping in the policy plane. */
  private writePolicy(from: number, to: number): void {
    const prefixEnd = Math.max(this.policyEnd, this.blockStart);
    if (this.scattered === null && from <= Math.ceil(prefixEnd / PAGE) * PAGE) {
      this.policyEnd = Math.max(this.policyEnd, to);
      return;
    }
    this.scattered ??= this.policyPages();
    const first = Math.floor(from / PAGE);
    const pages = Math.ceil(Math.min(to, this.totalBytes) / PAGE);
    const hugeStart = first - (first % this.#faultPages);
    const inHuge = hugeStart < this.#hugeEnd(first + 1);
    this.scattered.set(inHuge ? hugeStart : first, Math.max(pages, this.#hugeEnd(pages)), 1);
  }

  /** The pages that `pagesUpTo` counts in the policy plane. */
  private policyPages(): PageSet {
    const set = new PageSet(this.totalBytes / PAGE);
    set.set(0, 1, 1);
    set.set(this.headerPage, this.headerPage + 1, 1);
    set.set(this.prefixStart, this.prefixEnd(this.policyEnd), 1);
    return set;
  }
}
