import { walkHeap } from "../../ptmalloc/census.ts";
import { ADDR, FREE, GRANULE, IN_USE, SIZE, SMALLEST_PAGE, STATE } from "../../ptmalloc/chunks.ts";
import type { Heap } from "../../ptmalloc/heap.ts";
import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { bitOf } from "../../ptmalloc/resident.ts";
import { TRIM_GRANULES, trimAfterFree } from "../../ptmalloc/trim.ts";
import { residentBytes, wholePageBytes } from "./pins.ts";

export interface Thresholds {
  readonly mmapThreshold: number;
  readonly trimThreshold: number;
}

/** What raised dynamic thresholds keep resident (ptmalloc2.md §4.6). */
export interface Retained {
  /** resident bytes that would go back if the thresholds fell to what they were, and large blocks had mappings of their own */
  readonly bytes: number;
  /** live blocks in heaps that would have had mappings of their own, and the bytes of their chunks */
  readonly largeBlocks: number;
  readonly largeBlockBytes: number;
  /**
   * those in whole pages of free chunks that are as large after that: large blocks left them when they were freed, or small
   * ones merged into them
   */
  readonly largeFreeBytes: number;
}

/**
 * Returns what the thresholds of `m` keep resident beyond what `before` would. It is not estimated: a copy of the process
 * frees the large blocks and trims all arenas as the next free of 64 KiB or more does, under `before`; what goes back under
 * the raised thresholds, too, and the blocks themselves do not count. A page counts if it has a bit of `plane`.
 */
export function retainedBy(m: Ptmalloc, plane: number, before: Thresholds): Retained {
  const least = before.mmapThreshold / GRANULE;
  const large = largeBlocks(m, plane, least);
  const copy = m.clone();
  const anyThread = copy.threads.all()[0]?.index ?? 0;
  trimAll(copy);
  const pages = copy.resident.pages[bitOf(plane)]!;
  Object.assign(copy.par, before, { noDynThreshold: true });
  copy.enter(anyThread);
  for (const c of large.chunks) {
    copy.free(c);
  }
  trimAll(copy);
  const fall = (pages - copy.resident.pages[bitOf(plane)]!) * SMALLEST_PAGE;
  // The blocks would be resident elsewhere.
  const net = fall - large.residentBytes;
  const bytes = Math.max(0, net);
  return {
    bytes,
    largeBlocks: large.chunks.length,
    largeBlockBytes: large.bytes,
    largeFreeBytes: Math.max(0, net + freePageBytes(copy, plane, least)) - bytes,
  };
}

function trimAll(m: Ptmalloc): void {
  for (const arena of m.arenas) {
    if (arena.top !== 0) {
      trimAfterFree(m, arena, TRIM_GRANULES);
    }
  }
}

/** The blocks in heaps of `least` granules or more. */
function largeBlocks(m: Ptmalloc, plane: number, least: number) {
  const w = m.chunks.words;
  const structs = new Set(m.tcacheStructs());
  const found = { chunks: [] as number[], bytes: 0, residentBytes: 0 };
  eachLarge(m, least, IN_USE, (heap, c) => {
    if (!structs.has(c)) {
      const bytes = w[c + SIZE]! * GRANULE;
      found.chunks.push(c);
      found.bytes += bytes;
      found.residentBytes += residentBytes(m, heap, plane, w[c + ADDR]! * GRANULE, bytes);
    }
  });
  return found;
}

/** Resident bytes in whole pages of free chunks of `least` granules or more. */
function freePageBytes(m: Ptmalloc, plane: number, least: number): number {
  let bytes = 0;
  eachLarge(m, least, FREE, (heap, c) => {
    bytes += wholePageBytes(m, heap, plane, c);
  });
  return bytes;
}

function eachLarge(
  m: Ptmalloc,
  least: number,
  state: number,
  visit: (heap: Heap, chunk: number) => void,
): void {
  const w = m.chunks.words;
  for (const arena of m.arenas) {
    for (const heap of arena.heaps) {
      walkHeap(m, heap, (c) => {
        if (w[c + SIZE]! >= least && w[c + STATE] === state) {
          visit(heap, c);
        }
      });
    }
  }
}
