import { addHint, HINT_SHIFT, hintNear, isIn } from "./chunk-hints";
import { rec } from "./chunks";
import { endOfHeap, Heap, stretchAt } from "./heap";

/** Steps from a hint to the record sought before all hints are rebuilt. */
const MAX_STEPS: i32 = 4096;

/**
 * The record that holds granule `addr` of a heap; 0 if none does: below the first chunk, above the last, or between two
 * stretches.
 *
 * Records are linked to their neighbours only (chunks.ts), and only corrections by a log's pointers look up a record by
 * address. The search walks from a record that was nearby (chunk-hints.ts).
 */
export function findChunk(heap: Heap, addr: i32): i32 {
  const end = endOfHeap(heap);
  if (end === 0 || addr >= endAddr(end)) {
    return 0;
  }
  if (addr < rec(lowestOf(heap)).addr) {
    return 0;
  }
  let stretch = 0;
  while (endAddr(stretchAt(heap, stretch).end) <= addr) {
    stretch++;
  }
  const top = stretchAt(heap, stretch).end;
  if (stretch > 0 && addr < stretchAt(heap, stretch).start) {
    return 0;
  }
  let found = walkTo(hintNear(heap, addr >> HINT_SHIFT), addr, MAX_STEPS);
  if (found === 0) {
    // There was no hint, or it led to another stretch.
    found = walkTo(top, addr, MAX_STEPS);
  }
  if (found === TOO_FAR) {
    rebuildHints(heap);
    found = walkTo(hintNear(heap, addr >> HINT_SHIFT), addr, i32.MAX_VALUE);
    if (found === 0) {
      found = walkTo(top, addr, i32.MAX_VALUE);
    }
  }
  if (found !== 0) {
    addHint(heap, addr >> HINT_SHIFT, found);
  }
  return found;
}

/** The heap's first chunk, if granule `addr` lies below it; else 0. */
export function findLowest(heap: Heap, addr: i32): i32 {
  const lowest = lowestOf(heap);
  return lowest !== 0 && addr < rec(lowest).addr ? lowest : 0;
}

/** The first chunk of the heap's oldest stretch; 0 if it has none. */
function lowestOf(heap: Heap): i32 {
  let c = heap.lowest;
  if (!isIn(heap, c)) {
    c = heap.stretchCount === 0 ? 0 : stretchAt(heap, 0).end;
  }
  while (rec(c).prev !== 0) {
    c = rec(c).prev;
  }
  heap.lowest = c;
  return c;
}

function endAddr(c: i32): i32 {
  return rec(c).addr + rec(c).size;
}

const TOO_FAR: i32 = -1;

/**
 * Walks from a record along its neighbours to the one that holds `addr`; 0 if none does, TOO_FAR after `steps` steps.
 */
function walkTo(from: i32, addr: i32, steps: i32): i32 {
  let c = from;
  for (let left = steps; c !== 0; left--) {
    if (left === 0) {
      return TOO_FAR;
    }
    const record = rec(c);
    if (addr < record.addr) {
      c = record.prev;
    } else if (addr >= record.addr + record.size) {
      c = record.next;
    } else {
      return c;
    }
  }
  return 0;
}

/** Of each stretch of 4096 bytes, its lowest record. */
function rebuildHints(heap: Heap): void {
  for (let i = 0; i < heap.stretchCount; i++) {
    for (let c = stretchAt(heap, i).end; c !== 0; c = rec(c).prev) {
      addHint(heap, rec(c).addr >> HINT_SHIFT, c);
    }
  }
}
