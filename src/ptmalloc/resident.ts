import { ADDR, GRANULE, PAGE, PAGE_SHIFT } from "./chunks.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/**
 * Resident pages (ptmalloc2.md §9). A page is resident from its first write until the kernel takes it back.
 *
 * What the allocator writes is known exactly; what the program writes of its blocks is not in a log. So each page
 * carries eight planes at once, a bit each: resident under the chosen touch policy, if the program wrote nothing, if
 * it wrote every byte, and if it wrote the same part of every large block, for a few such parts. One run thus gives
 * the prediction, its range, and what a measured RSS is held against. A byte a page is 0.02 % of the memory modelled.
 *
 * Of §9.2's list only first writes matter, and most words lie in pages that earlier writes made resident: the
 * header of a chunk is written when the chunk comes to be and stays resident while it exists (trimming spares it),
 * a free chunk's foot shares a granule with the next chunk's header, list neighbours are headers too. What can bring
 * in a page is: a new header, the link words of a chunk that is put on a list, what calloc clears, what realloc
 * copies, the tcache struct, an arena's and a heap's own header, and MALLOC_PERTURB_. invariants.ts checks this.
 */
export const PLANE_POLICY = 1;
export const PLANE_NONE = 2;
export const PLANE_ALL = 4;
/** The parts of large blocks, 0..1, for which there is a plane; ascending, and the ends are among them. */
export const RATIOS = [0, 0.25, 0.5, 0.75, 1] as const;
const FIRST_RATIO_BIT = 3;
export const PLANES = FIRST_RATIO_BIT + RATIOS.length;
/** what the allocator writes is resident whatever the program does */
export const EVERY_PLANE = 2 ** PLANES - 1;
export const RATIO_PLANES = EVERY_PLANE & ~(PLANE_POLICY | PLANE_NONE | PLANE_ALL);
/** the planes in which what a log tells of writes holds: none and all are bounds whatever it tells */
export const LOGGED_PLANES = PLANE_POLICY | RATIO_PLANES;

/** The plane for RATIOS[i]. */
export function ratioPlane(i: number): number {
  return 1 << (FIRST_RATIO_BIT + i);
}

/** Pages resident in each plane, over all heaps and mappings. */
export class Resident {
  /** pages by number of the plane's bit */
  readonly pages = new Float64Array(PLANES);
  /** set by every change of `pages`; cleared by whoever has taken note of it */
  changed = false;

  clone(): Resident {
    const copy = new Resident();
    copy.pages.set(this.pages);
    copy.changed = this.changed;
    return copy;
  }

  get policyPages(): number {
    return this.pagesIn(PLANE_POLICY);
  }

  get nonePages(): number {
    return this.pagesIn(PLANE_NONE);
  }

  get allPages(): number {
    return this.pagesIn(PLANE_ALL);
  }

  pagesIn(plane: number): number {
    return this.pages[bitOf(plane)]!;
  }

  /** Counts `pages` (which may be negative) in the plane with this bit. */
  addIn(bit: number, pages: number): void {
    this.changed = true;
    this.pages[bit]! += pages;
  }

  /** Counts `pages` (which may be negative) in each of `planes`. */
  add(planes: number, pages: number): void {
    this.changed = true;
    for (let bit = 0; bit < PLANES; bit++) {
      if (planes & (1 << bit)) {
        this.pages[bit]! += pages;
      }
    }
  }
}

/** The number of the bit that is the plane. */
export function bitOf(plane: number): number {
  return 31 - Math.clz32(plane);
}

/** Pages of a transparent huge page of 2 MiB. */
export const HUGE_PAGE_PAGES = 512;

/** The first page of the huge page that holds `page`: what is resident may begin there. */
export function firstOfHugePage(page: number): number {
  return page - (page % HUGE_PAGE_PAGES);
}

function addPage(m: Ptmalloc, heap: Heap, page: number, planes: number): void {
  if (m.hugePages) {
    // The first write brings in all of a huge page that lies wholly inside the mapping (§9.1). An upper bound:
    // the kernel may have had no huge page to give.
    const first = firstOfHugePage(page);
    // What is readable and writable ends at the break, or where a heap ever reached.
    const end = Math.max(heap.size, heap.mprotectSize);
    if ((first + HUGE_PAGE_PAGES) * PAGE <= end) {
      for (let i = first; i < first + HUGE_PAGE_PAGES; i++) {
        addSmallPage(m, heap, i, planes);
      }
    }
  }
  addSmallPage(m, heap, page, planes);
}

function addSmallPage(m: Ptmalloc, heap: Heap, page: number, planes: number): void {
  if (page >= heap.pages.length) {
    // Half as many more as there are of what is known.
    const grown = new Uint8Array(page + 1 + Math.ceil((page + 1 - heap.firstPage) / 2));
    grown.set(heap.pages);
    heap.pages = grown;
  }
  const before = heap.pages[page]!;
  heap.pages[page] = before | planes;
  m.resident.add(planes & ~before, 1);
}

/** The allocator writes a word of granule `addr`. */
export function writeWord(m: Ptmalloc, heap: Heap, addr: number): void {
  const page = addr >> PAGE_SHIFT;
  if (heap.pages[page] !== EVERY_PLANE) {
    addPage(m, heap, page, EVERY_PLANE);
  }
}

/** The header of chunk `c` is written. */
export function writeHeader(m: Ptmalloc, c: number): void {
  writeWord(m, m.heapOf(c), m.chunks.words[c + ADDR]!);
}

/** The first words of the block of chunk `c` are written: fd and bk, or the tcache's next and key. */
export function writeFirst(m: Ptmalloc, c: number): void {
  writeWord(m, m.heapOf(c), m.chunks.words[c + ADDR]! + 1);
}

/** Bytes from..to-1 of the heap are written: by the allocator (EVERY_PLANE) or by the program. */
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
  const last = Math.floor((to - 1) / PAGE);
  for (let page = Math.floor(from / PAGE); page <= last; page++) {
    if ((heap.pages[page]! & planes) !== planes) {
      addPage(m, heap, page, planes);
    }
  }
}

/** The kernel takes back pages from..to-1 of the heap: the break fell, the heap shrank, madvise(MADV_DONTNEED). */
export function dropPages(m: Ptmalloc, heap: Heap, from: number, to: number): void {
  const end = Math.min(to, heap.pages.length);
  for (let page = from; page < end; ) {
    const planes = heap.pages[page]!;
    const first = page;
    while (page < end && heap.pages[page] === planes) {
      heap.pages[page++] = 0;
    }
    if (planes !== 0) {
      m.resident.add(planes, first - page);
    }
  }
}

/** Bytes from..to-1 behind the pointer of chunk `c` (that is, from its address + 16) are written. */
export function writeBlock(m: Ptmalloc, c: number, from: number, to: number, planes: number): void {
  const start = (m.chunks.words[c + ADDR]! + 1) * GRANULE;
  writeRange(m, m.heapOf(c), start + from, start + to, planes);
}

/**
 * Bytes from..to-1 behind the pointer of chunk `c` turn out not to be resident, whatever was assumed. Pages that the
 * allocator itself wrote, for this block or an earlier one, stay.
 */
export function markBlockAbsent(m: Ptmalloc, c: number, from: number, to: number): void {
  const start = (m.chunks.words[c + ADDR]! + 1) * GRANULE;
  const heap = m.heapOf(c);
  const end = Math.floor((start + to) / PAGE);
  for (let page = Math.ceil((start + from) / PAGE); page < end; page++) {
    const planes = heap.pages[page]!;
    if (!(planes & LOGGED_PLANES) || planes & PLANE_NONE) {
      continue;
    }
    heap.pages[page] = planes & ~LOGGED_PLANES;
    m.resident.add(planes & LOGGED_PLANES, -1);
  }
}
