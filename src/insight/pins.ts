import { walkHeap } from "../ptmalloc/census.ts";
import {
  ADDR,
  FENCE,
  GRANULE,
  IN_USE,
  PAGE,
  SIZE,
  STATE,
  TOP,
  UNLOGGED,
} from "../ptmalloc/chunks.ts";
import type { Heap } from "../ptmalloc/heap.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";

/**
 * Who pins memory. free() gives memory back only from the top of a heap, so everything free below the topmost block
 * that is still live stays resident until that block goes, or malloc_trim is called.
 */
export interface Pin {
  readonly heap: Heap;
  /** the topmost chunk of the heap that is in the program's hands */
  readonly chunk: number;
  /** free resident bytes below it: in bins, fastbins and tcaches */
  readonly bytes: number;
}

/** The pin of each heap that has one, where pages in `plane` are resident. */
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
          bytes += residentBytes(heap, plane, w[c + ADDR]! * GRANULE, w[c + SIZE]! * GRANULE);
        }
      });
      if (bytes > 0) {
        pins.push({ heap, chunk, bytes });
      }
    }
  }
  return pins;
}

/** Bytes of from..from+length-1 that lie in pages of the plane. */
function residentBytes(heap: Heap, plane: number, from: number, length: number): number {
  const to = from + length;
  let bytes = 0;
  for (let page = Math.floor(from / PAGE); page * PAGE < to; page++) {
    if (((heap.pages[page] ?? 0) & plane) === 0) {
      continue;
    }
    bytes += Math.min(to, (page + 1) * PAGE) - Math.max(from, page * PAGE);
  }
  return bytes;
}
