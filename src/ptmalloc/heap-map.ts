import { walkHeap } from "./census.ts";
import {
  ADDR,
  CACHED,
  FAST,
  FREE,
  GRANULE,
  IN_USE,
  PAGE,
  SIZE,
  STATE,
  TOP,
  UNLOGGED,
} from "./chunks.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";
import { firstOfHugePage } from "./resident.ts";

/**
 * What lies where: the pages of a heap, each in one of four states.
 *
 * full         resident, and no byte of it is in a free chunk
 * partly free  resident, and some bytes are in free chunks (tcaches, fastbins, bins, top)
 * free         resident, and all bytes are in free chunks: what malloc_trim can give back
 * absent       not resident: never written, or given back
 *
 * A map is drawn of cells, which are pages, or as many pages each as keep the map small.
 */
export interface HeapMap {
  readonly heap: Heap;
  /**
   * pages of 4096 bytes from the heap's start, or from the first chunk known of where nobody knows the start, up to its
   * end, or to its last resident page where that lies beyond
   */
  readonly pages: number;
  readonly fullPages: number;
  readonly partlyFreePages: number;
  readonly freePages: number;
  readonly absentPages: number;
  /** bytes of chunks in the program's hands, as the census counts them */
  readonly inUseBytes: number;
  /** bytes of free chunks, resident or not, as the census counts them */
  readonly freeBytes: number;
  /**
   * the topmost block in the program's hands, and how far above the map's first page: free() gives back only what lies
   * above it; null where there is none
   */
  readonly topmostBlock: { readonly offsetBytes: number; readonly bytes: number } | null;
  /** a digit a cell, in tenths: the part of its pages that are resident */
  readonly resident: string;
  /** a digit a cell, in tenths: the part of its resident bytes that are in free chunks; 0 where none is resident */
  readonly free: string;
}

export interface HeapMaps {
  /** a power of two, the same for all heaps; a heap's last cell may stand for fewer */
  readonly pagesPerCell: number;
  /** by arena, its heaps oldest first */
  readonly heaps: readonly HeapMap[];
}

/** Cells of a scenario, but for what it takes to give each heap its own: 32 MiB are drawn page by page. */
export const MOST_CELLS = 8192;

/** The maps of all heaps, where pages in `plane` (resident.ts) are resident. */
export function heapMaps(m: Ptmalloc, plane: number): HeapMaps {
  const heaps = m.arenas.flatMap((arena) => arena.heaps);
  const spans = heaps.map((heap) => spanOf(heap, plane));
  let pagesPerCell = 1;
  const cells = ({ first, end }: Span) => Math.floor((end - first) / pagesPerCell);
  while (spans.reduce((sum, span) => sum + cells(span), 0) > MOST_CELLS) {
    pagesPerCell *= 2;
  }
  const structs = new Set(m.tcacheStructs());
  return {
    pagesPerCell,
    heaps: heaps.map((heap, i) => mapOf(m, heap, spans[i]!, plane, pagesPerCell, structs)),
  };
}

/** Pages first..end-1 of a heap. */
interface Span {
  readonly first: number;
  readonly end: number;
}

/** Huge pages may be resident below what is known of the heap, and beyond its end, up to where it once reached. */
function spanOf(heap: Heap, plane: number): Span {
  let first = firstOfHugePage(heap.firstPage);
  let end = heap.pages.length;
  const atEnd = Math.ceil(heap.size / PAGE);
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
  const freeIn = new Uint16Array(pages);
  let inUseBytes = 0;
  let freeBytes = 0;
  let topmostBlock: HeapMap["topmostBlock"] = null;
  walkHeap(m, heap, (c) => {
    const state = w[c + STATE]!;
    const offsetBytes = w[c + ADDR]! * GRANULE - span.first * PAGE;
    const bytes = w[c + SIZE]! * GRANULE;
    if (isFree(state)) {
      freeBytes += bytes;
      spread(freeIn, offsetBytes, offsetBytes + bytes);
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
      counts[bytes === 0 ? "full" : bytes === PAGE ? "free" : "partlyFree"]++;
    }
    digits.resident += tenths(resident, end - first);
    digits.free += tenths(free, resident * PAGE);
  }
  return {
    heap,
    pages,
    fullPages: counts.full,
    partlyFreePages: counts.partlyFree,
    freePages: counts.free,
    absentPages: counts.absent,
    inUseBytes,
    freeBytes,
    topmostBlock,
    ...digits,
  };
}

function isFree(state: number): boolean {
  return state === FREE || state === CACHED || state === FAST || state === TOP;
}

/** Adds bytes from..to-1 of a heap to the pages they lie in. */
function spread(bytesIn: Uint16Array, from: number, to: number): void {
  const last = Math.min(Math.ceil(to / PAGE), bytesIn.length);
  for (let page = Math.floor(from / PAGE); page < last; page++) {
    bytesIn[page]! += Math.min(to, (page + 1) * PAGE) - Math.max(from, page * PAGE);
  }
}

/** "0" is nothing and "x" all; 1..9 are tenths, rounded, so that what is merely near an end is not taken for it. */
function tenths(part: number, whole: number): string {
  if (part === 0) {
    return "0";
  }
  if (part === whole) {
    return "x";
  }
  return String(Math.min(9, Math.max(1, Math.round((part / whole) * 10))));
}
