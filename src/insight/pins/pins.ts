import { walkHeap } from "../../ptmalloc/census.ts";
import { ADDR, FENCE, GRANULE, IN_USE, SIZE, STATE, TOP, UNLOGGED } from "../../ptmalloc/chunks.ts";
import type { Heap } from "../../ptmalloc/heap.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { droppablePages } from "../../ptmalloc/trim.ts";

/**
 * A block that pins memory: free() returns memory to the kernel only from the top of a heap, so everything free below
 * the topmost live block stays resident until that block is freed or malloc_trim is called.
 */
export interface Pin {
  readonly heap: Heap;
  /** the topmost allocated chunk of the heap */
  readonly chunk: number;
  /** free resident bytes below it: in bins, fastbins and tcaches */
  readonly bytes: number;
}

/** The pin of each heap that has one; a page counts as resident if it has a bit of `plane`. */
export function findPins(m: Ptmalloc, plane: number): Pin[] {
  const structs = new Set(m.tcacheStructs());
  const w = m.chunks.words;
  const pins: Pin[] = [];
  for (const av of m.arenas) {
    for (const heap of av.heaps) {
      let chunk = 0;
      let bytes = 0;
      walkHeap(m, heap, (c) => {
        const state = w[c + STATE]!;
        if (state === IN_USE || state === UNLOGGED) {
          if (chunk === 0 && !structs.has(c)) {
            chunk = c;
          }
        } else if (chunk !== 0 && state !== TOP && state !== FENCE) {
          bytes += residentBytes(m, heap, plane, w[c + ADDR]! * GRANULE, w[c + SIZE]! * GRANULE);
        }
      });
      if (bytes > 0) {
        pins.push({ heap, chunk, bytes });
      }
    }
  }
  return pins;
}

/** Bytes of from..from+length-1 that lie in resident pages. */
export function residentBytes(
  m: Ptmalloc,
  heap: Heap,
  plane: number,
  from: number,
  length: number,
): number {
  const to = from + length;
  const { pageBytes } = m;
  let bytes = 0;
  heap.pages.eachRun(
    Math.floor(from / pageBytes),
    Math.ceil(to / pageBytes),
    (page, end, planes) => {
      if (planes & plane) {
        bytes += Math.min(to, end * pageBytes) - Math.max(from, page * pageBytes);
      }
    },
  );
  return bytes;
}

/** Bytes of free chunk `c` in whole resident pages, which malloc_trim returns (ptmalloc2.md §7). */
export function wholePageBytes(m: Ptmalloc, heap: Heap, plane: number, c: number): number {
  const { from, to } = droppablePages(m, c);
  const { pageBytes } = m;
  return to > from ? residentBytes(m, heap, plane, from * pageBytes, (to - from) * pageBytes) : 0;
}
