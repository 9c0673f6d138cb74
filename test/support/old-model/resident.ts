import { ADDR, GRANULE } from "./chunks.ts";
import type { Heap } from "./heap.ts";
import { hugePageBytes } from "./machine.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/**
 * Resident pages (ptmalloc2.md §9). A page is resident from its first write until the kernel takes it back.
 *
 * The allocator's writes are known exactly; the program's writes to its blocks are not in a log. So each page has eight
 * planes, one bit each: resident under the touch policy, if the program wrote nothing, if it wrote every byte, and if
 * it wrote the same ratio of every large block, for five ratios. One replay thus gives the prediction, its range, and
 * the values to compare a measured RSS with. A byte per page is 0.02 % of the modelled memory.
 *
 * Of §9.2's list only first writes matter, and most words lie in pages that earlier writes made resident: a chunk's
 * header is written when the chunk is created and stays resident while it exists (trimming spares it), a free chunk's
 * foot shares a granule with the next chunk's header, and link words of list neighbours are resident. Only these can
 * make a page resident: a new header, the link words of a chunk put on a list, bytes that calloc clears or realloc
 * copies, tcache structs, malloc_state, heap_info, and MALLOC_PERTURB_. invariants.ts checks headers.
 */
export const PLANE_POLICY = 1;
export const PLANE_NONE = 2;
export const PLANE_ALL = 4;
/** The ratios of large blocks that have a plane; ascending from 0 to 1. Smaller blocks are written whole in all of them. */
export const RATIOS = [0, 0.25, 0.5, 0.75, 1] as const;
const FIRST_RATIO_BIT = 3;
export const PLANES = FIRST_RATIO_BIT + RATIOS.length;
/** the planes of the allocator's own writes */
export const EVERY_PLANE = 2 ** PLANES - 1;
export const RATIO_PLANES = EVERY_PLANE & ~(PLANE_POLICY | PLANE_NONE | PLANE_ALL);
/** the planes to which writes in the log apply; PLANE_NONE and PLANE_ALL stay bounds */
export const LOGGED_PLANES = PLANE_POLICY | RATIO_PLANES;

/** The plane for RATIOS[i]. */
export function ratioPlane(i: number): number {
  return 1 << (FIRST_RATIO_BIT + i);
}

/** The resident pages of all heaps and mappings, in each plane. */
export class Resident {
  /** by bit number of the plane, in SMALLEST_PAGEs */
  readonly pages = new Float64Array(PLANES);
  /**
   * likewise, what was resident and was returned to the kernel; with `pages` the pages that became resident, again after they
   * were returned
   */
  readonly returned = new Float64Array(PLANES);
  /** set by every change of `pages`; cleared by the reader */
  changed = false;
  /** SMALLEST_PAGEs in a page */
  readonly #units: number;

  constructor(units: number) {
    this.#units = units;
  }

  clone(): Resident {
    const copy = new Resident(this.#units);
    copy.pages.set(this.pages);
    copy.returned.set(this.returned);
    copy.changed = this.changed;
    return copy;
  }

  /** SMALLEST_PAGEs under the touch policy */
  get policyPages(): number {
    return this.pagesIn(PLANE_POLICY);
  }

  /** SMALLEST_PAGEs in `plane` */
  pagesIn(plane: number): number {
    return this.pages[bitOf(plane)]!;
  }

  /** Counts as returned the pages that are resident now, and no longer are at the call of `endReturn`. */
  beginReturn(): void {
    for (let bit = 0; bit < PLANES; bit++) {
      this.returned[bit]! += this.pages[bit]!;
    }
  }

  endReturn(): void {
    for (let bit = 0; bit < PLANES; bit++) {
      this.returned[bit]! -= this.pages[bit]!;
    }
  }

  /** Adds `pages`, which may be negative, to the plane with this bit number. */
  addIn(bit: number, pages: number): void {
    this.changed = true;
    this.pages[bit]! += pages * this.#units;
  }

  /** Adds `pages`, which may be negative, to each of `planes`. */
  add(planes: number, pages: number): void {
    this.changed = true;
    const units = pages * this.#units;
    for (let bit = 0; bit < PLANES; bit++) {
      if (planes & (1 << bit)) {
        this.pages[bit]! += units;
      }
    }
  }
}

/** Sums up what was counted by planes, 0 to EVERY_PLANE: for each plane, by number of its bit. */
export function sumsByBit(byPlanes: Float64Array): Float64Array {
  const sums = new Float64Array(PLANES);
  for (let planes = 1; planes <= EVERY_PLANE; planes++) {
    for (let bit = 0; byPlanes[planes]! > 0 && bit < PLANES; bit++) {
      sums[bit]! += (planes >> bit) & 1 ? byPlanes[planes]! : 0;
    }
  }
  return sums;
}

/** The bit number of a plane. */
export function bitOf(plane: number): number {
  return 31 - Math.clz32(plane);
}

/** Pages in a transparent huge page: 512 where a page has 4096 bytes. */
export function hugePagePages(m: Ptmalloc): number {
  return hugePageBytes(m.pageBytes) / m.pageBytes;
}

/** The first page of the huge page that holds `page`; negative where that one begins below the heap. */
export function firstOfHugePage(m: Ptmalloc, heap: Heap, page: number): number {
  return page - (((heap.start >> m.pageShift) + page) % hugePagePages(m));
}

/** The first write to pages from..to-1 of one huge page. */
function addPages(m: Ptmalloc, heap: Heap, from: number, to: number, planes: number): void {
  // It makes all of a huge page resident that lies within the mapping (§9.1): an upper bound, since the kernel may have no
  // huge page available. Memory is readable and writable up to the break, or up to the past maximum of a heap.
  const first = firstOfHugePage(m, heap, from);
  const next = first + hugePagePages(m);
  const isWithin = first >= 0 && next * m.pageBytes <= Math.max(heap.size, heap.mprotectSize);
  heap.pages.addRange(isWithin ? first : from, isWithin ? next : to, planes, m.resident);
}

/** The allocator writes a word in granule `addr`. */
export function writeWord(m: Ptmalloc, heap: Heap, addr: number): void {
  const page = addr >> m.pageShift;
  if (heap.pages.get(page) !== EVERY_PLANE) {
    if (m.hugePages) {
      addPages(m, heap, page, page + 1, EVERY_PLANE);
    } else {
      heap.pages.add(page, EVERY_PLANE, m.resident);
    }
  }
}

/** Writes the header of chunk `c`. */
export function writeHeader(m: Ptmalloc, c: number): void {
  writeWord(m, m.heapOf(c), m.chunks.words[c + ADDR]!);
}

/** Writes the first words of the block of chunk `c`: fd and bk, or next and key of the tcache. */
export function writeFirst(m: Ptmalloc, c: number): void {
  writeWord(m, m.heapOf(c), m.chunks.words[c + ADDR]! + 1);
}

/** Writes bytes from..to-1 of the heap, as the allocator (EVERY_PLANE) or the program. */
export function writeRange(
  m: Ptmalloc,
  heap: Heap,
  from: number,
  to: number,
  planes: number,
): void {
  if (to <= from) {
    return;
  }
  const first = Math.floor(from / m.pageBytes);
  const end = Math.floor((to - 1) / m.pageBytes) + 1;
  if (m.hugePages) {
    writeHugePages(m, heap, first, end, planes);
  } else if (end === first + 1) {
    heap.pages.add(first, planes, m.resident);
  } else {
    heap.pages.addRange(first, end, planes, m.resident);
  }
}

/** A write to pages from..to-1, of which the first and the last huge page may reach beyond. */
function writeHugePages(m: Ptmalloc, heap: Heap, from: number, to: number, planes: number): void {
  const afterFirst = Math.min(to, firstOfHugePage(m, heap, from) + hugePagePages(m));
  const last = Math.max(afterFirst, firstOfHugePage(m, heap, to - 1));
  heap.pages.addRange(afterFirst, last, planes, m.resident);
  for (const [first, end] of [
    [from, afterFirst],
    [last, to],
  ] as const) {
    if (first < end && heap.pages.lacks(first, end, planes)) {
      addPages(m, heap, first, end, planes);
    }
  }
}

/** Makes pages from..to-1 of the heap absent: the break fell, the heap shrank, or madvise(MADV_DONTNEED). */
export function dropPages(m: Ptmalloc, heap: Heap, from: number, to: number): void {
  m.resident.beginReturn();
  heap.pages.drop(from, to, m.resident);
  m.resident.endReturn();
}

/** Writes bytes from..to-1 of the block of chunk `c`, which begins 16 bytes above the chunk. */
export function writeBlock(m: Ptmalloc, c: number, from: number, to: number, planes: number): void {
  const start = (m.chunks.words[c + ADDR]! + 1) * GRANULE;
  writeRange(m, m.heapOf(c), start + from, start + to, planes);
}

/**
 * Bytes from..to-1 of the block of chunk `c` are not resident, contrary to earlier writes in LOGGED_PLANES. Pages that
 * the allocator wrote, for this chunk or an earlier one, stay.
 */
export function markBlockAbsent(m: Ptmalloc, c: number, from: number, to: number): void {
  const start = (m.chunks.words[c + ADDR]! + 1) * GRANULE;
  const first = Math.ceil((start + from) / m.pageBytes);
  const end = Math.floor((start + to) / m.pageBytes);
  m.heapOf(c).pages.remove(first, end, LOGGED_PLANES, PLANE_NONE, m.resident);
}
