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
  /** a power of two, the same for all heaps; a heap's last cell may have fewer */
  readonly pagesPerCell: number;
  /** by arena, its heaps oldest first */
  readonly heaps: readonly HeapMap[];
}

/** Most cells of a process, plus one per heap. Up to 32 MiB a cell is a page. */
export const MAX_CELLS = 8192;

/** The maps of all heaps, with the resident pages of `plane` (resident.ts). */
export function heapMaps(m: Ptmalloc, plane: number): HeapMaps {
  const heaps = m.arenas.flatMap((arena) => arena.heaps);
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

/** Huge pages may be resident below the first known chunk, and above the heap's end up to its past maximum. */
function spanOf(m: Ptmalloc, heap: Heap, plane: number): Span {
  let first = Math.max(0, firstOfHugePage(m, heap, heap.firstPage));
  let end = heap.pages.length;
  const atEnd = Math.ceil(heap.size / m.pageBytes);
  const isAbsent = (page: number) => ((heap.pages[page] ?? 0) & plane) === 0;
  while (first < heap.firstPage && isAbsent(first)) {
    first++;
  }
  while (end > atEnd && isAbsent(end - 1)) {
    end--;
  }
  return { first, end: Math.max(end, atEnd) };
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
  const freeIn = new Uint32Array(pages);
  let inUseBytes = 0;
  let freeBytes = 0;
  let topmostBlock: HeapMap["topmostBlock"] = null;
  walkHeap(m, heap, (c) => {
    const state = w[c + STATE]!;
    const offsetBytes = w[c + ADDR]! * GRANULE - span.first * m.pageBytes;
    const bytes = w[c + SIZE]! * GRANULE;
    if (isFree(state)) {
      freeBytes += bytes;
      addToPages(freeIn, m.pageBytes, offsetBytes, offsetBytes + bytes);
    } else if ((state === IN_USE && !structs.has(c)) || state === UNLOGGED) {
      topmostBlock ??= { offsetBytes, bytes };
      if (state === IN_USE) {
        inUseBytes += bytes;
      }
    }
  });
  const counts = { full: 0, partlyFree: 0, free: 0, absent: 0 };
  const digits = { resident: "", free: "" };
  for (let first = 0; first < pages; first += pagesPerCell) {
    const end = Math.min(first + pagesPerCell, pages);
    let resident = 0;
    let free = 0;
    for (let page = first; page < end; page++) {
      if (((heap.pages[span.first + page] ?? 0) & plane) === 0) {
        counts.absent++;
        continue;
      }
      resident++;
      const bytes = freeIn[page]!;
      free += bytes;
      counts[bytes === 0 ? "full" : bytes === m.pageBytes ? "free" : "partlyFree"]++;
    }
    digits.resident += tenths(resident, end - first);
    digits.free += tenths(free, resident * m.pageBytes);
  }
  return {
    heap,
    pages: pages * units,
    fullPages: counts.full * units,
    partlyFreePages: counts.partlyFree * units,
    freePages: counts.free * units,
    absentPages: counts.absent * units,
    inUseBytes,
    freeBytes,
    topmostBlock,
    ...digits,
  };
}

function isFree(state: number): boolean {
  return state === FREE || state === CACHED || state === FAST || state === TOP;
}

/** Adds bytes from..to-1 of a heap to the counts of their pages. */
function addToPages(bytesIn: Uint32Array, pageBytes: number, from: number, to: number): void {
  const last = Math.min(Math.ceil(to / pageBytes), bytesIn.length);
  for (let page = Math.floor(from / pageBytes); page < last; page++) {
    bytesIn[page]! += Math.min(to, (page + 1) * pageBytes) - Math.max(from, page * pageBytes);
  }
}

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
  return String(Math.min(9, Math.max(1, Math.round((part / whole) * 10))));
}
