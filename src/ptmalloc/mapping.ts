import { GRANULE, PAGE } from "./chunks.ts";
import { PLANE_ALL, PLANE_NONE, PLANE_POLICY, type Resident } from "./resident.ts";

/**
 * A chunk with a mapping of its own (IS_MMAPPED, ptmalloc2.md §3.8). Its pages are the one that holds the chunk as
 * it was mapped, the one that holds its header after memalign moved it up, and a prefix of the block.
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
    return copy;
  }

  /** Pages resident when the prefix up to byte `end` of the mapping is written. */
  private pagesUpTo(end: number): number {
    const header = Math.floor((this.offset * GRANULE) / PAGE);
    const apart = header > 0 ? 2 : 1;
    const first = Math.floor(((this.offset + 1) * GRANULE) / PAGE);
    const from = Math.max(first, header + 1);
    const written = Math.ceil(Math.min(end, this.totalBytes) / PAGE);
    const to = Math.max(written, this.#hugeEnd(Math.max(written, 1)));
    return apart + Math.max(0, to - from);
  }

  /** Where the last huge page that holds some of the first `pages` pages ends, if it lies wholly in the mapping. */
  #hugeEnd(pages: number): number {
    const end = Math.ceil(pages / this.#faultPages) * this.#faultPages;
    return end * PAGE <= this.totalBytes ? end : Math.max(end - this.#faultPages, 0);
  }

  /** Resident pages in one plane. */
  pages(plane: number): number {
    if (plane === PLANE_POLICY) return this.pagesUpTo(this.policyEnd);
    return this.pagesUpTo(plane === PLANE_NONE ? this.noneEnd : this.allEnd);
  }

  /** Adds this mapping's pages to the counts, or takes them away (sign −1) before a change or an munmap. */
  count(resident: Resident, sign: 1 | -1): void {
    resident.add(PLANE_POLICY, sign * this.pagesUpTo(this.policyEnd));
    resident.add(PLANE_NONE, sign * this.pagesUpTo(this.noneEnd));
    resident.add(PLANE_ALL, sign * this.pagesUpTo(this.allEnd));
  }

  /** The first `bytes` of the block are written. */
  write(resident: Resident, bytes: number, planes: number): void {
    const end = (this.offset + 1) * GRANULE + bytes;
    this.count(resident, -1);
    if (planes & PLANE_POLICY) this.policyEnd = Math.max(this.policyEnd, end);
    if (planes & PLANE_NONE) this.noneEnd = Math.max(this.noneEnd, end);
    if (planes & PLANE_ALL) this.allEnd = Math.max(this.allEnd, end);
    this.count(resident, 1);
  }

  /** mremap to `totalBytes`: pages move with the block, the tail's are dropped, growth adds none (§9.1). */
  resize(resident: Resident, totalBytes: number): void {
    this.count(resident, -1);
    this.totalBytes = totalBytes;
    this.policyEnd = Math.min(this.policyEnd, totalBytes);
    this.noneEnd = Math.min(this.noneEnd, totalBytes);
    this.allEnd = Math.min(this.allEnd, totalBytes);
    this.count(resident, 1);
  }

  /** memalign moves the chunk up by `granules`: the new header is written. */
  advance(resident: Resident, granules: number): void {
    this.count(resident, -1);
    this.offset += granules;
    this.count(resident, 1);
  }
}
