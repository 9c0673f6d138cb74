import { walkHeap } from "./census.ts";
import { ADDR, type Chunks, HEAP, MAPPED, NEXT, PREV, RELEASED, SIZE, STATE } from "./chunks.ts";
import type { Heap } from "./heap.ts";
import type { Ptmalloc } from "./ptmalloc.ts";

/** Shift from a granule to the stretch of 4096 bytes that has a hint. */
const HINT_SHIFT = 8;
/** Steps from a hint to the record sought before all hints are rebuilt. */
const MAX_STEPS = 4096;

/**
 * The record that holds granule `addr` of a heap; 0 if none does: below the first chunk, above the last, or between two
 * stretches.
 *
 * Records are linked to their neighbours only (chunks.ts), and only corrections by a log's pointers look up a record by
 * address. The search walks from a record that was nearby (chunk-hints.ts).
 */
export function findChunk(m: Ptmalloc, heap: Heap, addr: number): number {
  const w = m.chunks.words;
  const { end } = heap;
  if (end === 0 || addr >= w[end + ADDR]! + w[end + SIZE]!) {
    return 0;
  }
  if (addr < w[lowestOf(m, heap) + ADDR]!) {
    return 0;
  }
  const stretch = heap.ends.findIndex((one) => w[one + ADDR]! + w[one + SIZE]! > addr);
  const top = heap.ends[stretch]!;
  if (stretch > 0 && addr < heap.starts[stretch]!) {
    return 0;
  }
  const near = hintNear(m.chunks, heap, addr);
  let found = walkTo(m.chunks, near, addr, MAX_STEPS);
  if (found === 0) {
    // There was no hint, or it led to another stretch.
    found = walkTo(m.chunks, top, addr, MAX_STEPS);
  }
  if (found === TOO_FAR) {
    rebuildHints(m, heap);
    found =
      walkTo(m.chunks, hintNear(m.chunks, heap, addr), addr, Number.POSITIVE_INFINITY) ||
      walkTo(m.chunks, top, addr, Number.POSITIVE_INFINITY);
  }
  if (found !== 0) {
    heap.hints.add(addr >> HINT_SHIFT, found);
  }
  return found;
}

/** The heap's first chunk, if granule `addr` lies below it; else 0. */
export function findLowest(m: Ptmalloc, heap: Heap, addr: number): number {
  const lowest = lowestOf(m, heap);
  return lowest !== 0 && addr < m.chunks.words[lowest + ADDR]! ? lowest : 0;
}

/** The first chunk of the heap's oldest stretch; 0 if it has none. */
function lowestOf(m: Ptmalloc, heap: Heap): number {
  const w = m.chunks.words;
  let c = isIn(m.chunks, heap, heap.lowest) ? heap.lowest : (heap.ends[0] ?? 0);
  while (w[c + PREV] !== 0) {
    c = w[c + PREV]!;
  }
  heap.lowest = c;
  return c;
}

/** A record of the heap near `addr`; 0 if none is known. */
function hintNear(chunks: Chunks, heap: Heap, addr: number): number {
  return heap.hints.near(addr >> HINT_SHIFT, (c) => isIn(chunks, heap, c));
}

function isIn({ words }: Chunks, heap: Heap, c: number): boolean {
  if (c === 0) {
    return false;
  }
  const state = words[c + STATE]!;
  return words[c + HEAP] === heap.id && state !== RELEASED && state !== MAPPED;
}

const TOO_FAR = -1;

/**
 * Walks from a record along its neighbours to the one that holds `addr`; 0 if none does, TOO_FAR after `steps` steps.
 */
function walkTo({ words: w }: Chunks, from: number, addr: number, steps: number): number {
  let c = from;
  for (let left = steps; c !== 0; left--) {
    if (left === 0) {
      return TOO_FAR;
    }
    if (addr < w[c + ADDR]!) {
      c = w[c + PREV]!;
    } else if (addr >= w[c + ADDR]! + w[c + SIZE]!) {
      c = w[c + NEXT]!;
    } else {
      return c;
    }
  }
  return 0;
}

function rebuildHints(m: Ptmalloc, heap: Heap): void {
  const w = m.chunks.words;
  const pages: number[] = [];
  const records: number[] = [];
  // The walk goes down.
  walkHeap(m, heap, (c) => {
    const page = w[c + ADDR]! >> HINT_SHIFT;
    if (pages.at(-1) !== page) {
      pages.push(page);
      records.push(c);
    }
  });
  heap.hints.list(pages.reverse(), records.reverse());
}
