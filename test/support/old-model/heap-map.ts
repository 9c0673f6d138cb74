import type { Arena } from "./arena.ts";
import { walkHeap } from "./census.ts";
import {
  ADDR,
  CACHED,
  FAST,
  FREE,
  GRANULE,
  IN_USE,
  SIZE,
  SMALLEST_PAGE,
  STATE,
  TOP,
  UNLOGGED,
} from "./chunks.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { firstOfHugePage } from "./resident.ts";

/**
 * A map of a heap's pages, each in one of four states.
 *
 * full         resident, with no byte in a free chunk
 * partly free  resident, with some bytes in free chunks (tcaches, fastbins, bins, top)
 * free         resident, with all bytes in free chunks: malloc_trim can return it
 * absent       not resident: never written, or returned to the kernel
 *
 * A map consists of cells. A cell is a page, or several pages where the map would get too large. Pages are counted in
 * units of 4096 bytes: a larger page of the kernel counts several times, and is at least one cell.
 */
export interface HeapMap {
  readonly heap: Heap;
  /**
   * pages from the heap's start, or from its first known chunk if the start is unknown, up to its end or
   * its last resident page, whichever is higher
   */
  readonly pages: number;
  readonly fullPages: number;
  readonly partlyFreePages: number;
  readonly freePages: number;
  readonly absentPages: number;
  /** bytes of chunks held by the program, as the census counts them */
  readonly inUseBytes: number;
  /** bytes of free chunks, resident or not, as the census counts them */
  readonly freeBytes: number;
  /**
   * the topmost chunk held by the program and its offset from the map's first page: free() returns memory above it
   * only; null: there is none
   */
  readonly topmostBlock: { readonly offsetBytes: number; readonly bytes: number } | null;
  /** one digit per cell, in tenths: the resident share of its pages */
  readonly resident: string;
  /** one digit per cell, in tenths: the share of its resident bytes in free chunks; 0 if no page is resident */
  readonly free: string;
}

export interface HeapMaps {
  /** a power of two, the same for all of these heaps; a heap's last cell may have fewer */
  readonly pagesPerCell: number;
  /** by arena, its heaps oldest first */
  readonly heaps: readonly HeapMap[];
}

/** Most cells of a process, plus one per heap. Up to 32 MiB a cell is a page. */
export const MAX_CELLS = 8192;

/** The maps of the heaps of these arenas, with the resident pages of `plane` (resident.ts). */
export function heapMaps(
  m: Ptmalloc,
  plane: number,
  arenas: readonly Arena[] = m.arenas,
): HeapMaps {
  const heaps = arenas.flatMap((arena) => arena.heaps);
  const spans = heaps.map((heap) => spanOf(m, heap, plane));
  let pagesPerCell = 1;
  const cells = ({ first, end }: Span) => Math.floor((end - first) / pagesPerCell);
  while (spans.reduce((sum, span) => sum + cells(span), 0) > MAX_CELLS) {
    pagesPerCell *= 2;
  }
  const structs = new Set(m.tcacheStructs());
  const units = m.pageBytes / SMALLEST_PAGE;
  return {
    pagesPerCell: pagesPerCell * units,
    heaps: heaps.map((heap, i) => mapOf(m, heap, spans[i]!, plane, pagesPerCell, structs)),
  };
}

/** Pages first..end-1 of a heap. */
interface Span {
  readonly first: number;
  readonly end: number;
}

/** Bytes from the heap's start to the first page of its map. */
export function mapOffset(m: Ptmalloc, heap: Heap, plane: number): number {
  return spanOf(m, heap, plane).first * m.pageBytes;
}

/** Huge pages may be resident below the first known chunk, and above the heap's end up to its past maximum. */
function spanOf(m: Ptmalloc, heap: Heap, plane: number): Span {
  let first = Math.max(0, firstOfHugePage(m, heap, heap.firstPage));
  while (first < heap.firstPage && (heap.pages.get(first) & plane) === 0) {
    first++;
  }
  const end = heap.pages.endIn(plane, Math.ceil(heap.size / m.pageBytes));
  return { first, end: Math.max(first, end) };
}

function mapOf(
  m: Ptmalloc,
  heap: Heap,
  span: Span,
  plane: number,
  pagesPerCell: number,
  structs: ReadonlySet<number>,
): HeapMap {
  const w = m.chunks.words;
  const pages = span.end - span.first;
  const units = m.pageBytes / SMALLEST_PAGE;
  const freeChunks: number[] = [];
  let inUseBytes = 0;
  let freeBytes = 0;
  let topmostBlock: HeapMap["topmostBlock"] = null;
  walkHeap(m, heap, (c) => {
    const state = w[c + STATE]!;
    const offsetBytes = w[c + ADDR]! * GRANULE - span.first * m.pageBytes;
    const bytes = w[c + SIZE]! * GRANULE;
    if (isFree(state)) {
      freeBytes += bytes;
      freeChunks.push(offsetBytes + bytes, offsetBytes);
    } else if ((state === IN_USE && !structs.has(c)) || state === UNLOGGED) {
      topmostBlock ??= { offsetBytes, bytes };
      if (state === IN_USE) {
        inUseBytes += bytes;
      }
    }
  });
  const cells = new Cells(pages, pagesPerCell, m.pageBytes);
  const resident = residentRuns(heap, span, plane);
  let run = 0;
  // The walk goes down.
  eachFreePages(freeChunks.reverse(), m.pageBytes, pages, (from, to, bytes) => {
    while (run < resident.length && resident[run + 1]! <= from) {
      run += 2;
    }
    for (let at = run; at < resident.length && resident[at]! < to; at += 2) {
      cells.add(Math.max(from, resident[at]!), Math.min(to, resident[at + 1]!), bytes);
    }
  });
  const { full, partlyFree, free } = cells.counts;
  return {
    heap,
    pages: pages * units,
    fullPages: full * units,
    partlyFreePages: partlyFree * units,
    freePages: free * units,
    absentPages: (pages - full - partlyFree - free) * units,
    inUseBytes,
    freeBytes,
    topmostBlock,
    ...cells.digits(),
  };
}

/** The resident pages of a span, from, to, from, to …, counted from its first page. */
function residentRuns(heap: Heap, { first, end }: Span, plane: number): number[] {
  const runs: number[] = [];
  heap.pages.eachRun(first, end, (from, to, planes) => {
    if ((planes & plane) === 0) {
      return;
    }
    if (runs.at(-1) === from - first) {
      runs.pop();
    } else {
      runs.push(from - first);
    }
    runs.push(to - first);
  });
  return runs;
}

/**
 * Visits pages 0..pages-1 in runs with the same number of free bytes in each page; `free` are the free chunks' bytes, from,
 * to, from, to …, ascending.
 */
function eachFreePages(
  free: readonly number[],
  pageBytes: number,
  pages: number,
  visit: (from: number, to: number, bytes: number) => void,
): void {
  let page = 0;
  /** free bytes of that page below the next chunk */
  let bytes = 0;
  const closeUpTo = (end: number): void => {
    if (page < end && bytes > 0) {
      visit(page, page + 1, bytes);
      page++;
      bytes = 0;
    }
    if (page < end) {
      visit(page, end, 0);
      page = end;
    }
  };
  for (let i = 0; i < free.length; i += 2) {
    const from = Math.max(0, free[i]!);
    const to = free[i + 1]!;
    const first = Math.floor(from / pageBytes);
    const last = Math.floor(to / pageBytes);
    closeUpTo(first);
    if (last === first) {
      bytes += to - from;
      continue;
    }
    bytes += (first + 1) * pageBytes - from;
    closeUpTo(first + 1);
    if (last > page) {
      visit(page, last, pageBytes);
      page = last;
    }
    bytes = to - last * pageBytes;
  }
  closeUpTo(pages);
}

/** The cells of a map, to which its resident pages are added. */
class Cells {
  readonly counts = { full: 0, partlyFree: 0, free: 0 };
  readonly #pages: number;
  readonly #pagesPerCell: number;
  readonly #pageBytes: number;
  /** by cell, its resident pages, and the free bytes in them */
  readonly #resident: Float64Array;
  readonly #freeBytes: Float64Array;

  constructor(pages: number, pagesPerCell: number, pageBytes: number) {
    const cells = Math.ceil(pages / pagesPerCell);
    this.#pages = pages;
    this.#pagesPerCell = pagesPerCell;
    this.#pageBytes = pageBytes;
    this.#resident = new Float64Array(cells);
    this.#freeBytes = new Float64Array(cells);
  }

  /** Adds resident pages from..to-1, each with `bytes` in free chunks. */
  add(from: number, to: number, bytes: number): void {
    const { counts } = this;
    if (bytes === 0) {
      counts.full += to - from;
    } else if (bytes === this.#pageBytes) {
      counts.free += to - from;
    } else {
      counts.partlyFree += to - from;
    }
    for (let page = from; page < to; ) {
      const cell = Math.floor(page / this.#pagesPerCell);
      const end = Math.min(to, (cell + 1) * this.#pagesPerCell);
      this.#resident[cell]! += end - page;
      this.#freeBytes[cell]! += (end - page) * bytes;
      page = end;
    }
  }

  digits(): { resident: string; free: string } {
    const cells = this.#resident.length;
    let resident = "";
    let free = "";
    for (let cell = 0; cell < cells; ) {
      const pages = Math.min(this.#pagesPerCell, this.#pages - cell * this.#pagesPerCell);
      const ofCell = this.#resident[cell]!;
      const freeBytes = this.#freeBytes[cell]!;
      const first = cell++;
      // Of neighbours most are equal. The last cell may have fewer pages.
      while (
        cell < cells - 1 &&
        this.#resident[cell] === ofCell &&
        this.#freeBytes[cell] === freeBytes
      ) {
        cell++;
      }
      resident += tenths(ofCell, pages).repeat(cell - first);
      free += tenths(freeBytes, ofCell * this.#pageBytes).repeat(cell - first);
    }
    return { resident, free };
  }
}

function isFree(state: number): boolean {
  return state === FREE || state === CACHED || state === FAST || state === TOP;
}

const TENTHS = "0123456789";

/**
 * "0" for nothing, "x" for all, else rounded tenths from 1 to 9, so that almost nothing and almost all stay distinct.
 */
function tenths(part: number, whole: number): string {
  if (part === 0) {
    return "0";
  }
  if (part === whole) {
    return "x";
  }
  return TENTHS[Math.min(9, Math.max(1, Math.round((part / whole) * 10)))]!;
}
