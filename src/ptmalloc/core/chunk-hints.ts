import { allocate, enlarge, release } from "../../wasm/core/store";
import { MAPPED, RELEASED, rec } from "./chunks";
import { Heap } from "./heap";

/** Shift from a granule to the stretch of 4096 bytes that has a hint. */
export const HINT_SHIFT: i32 = 8;
/** Hints in a leaf of the table. */
const LEAF_SHIFT: i32 = 9;
const LEAF_HINTS: i32 = 1 << LEAF_SHIFT;
const LEAF_BYTES: usize = 4 * ((<usize>1) << LEAF_SHIFT);

/** Hints that have gone, or were never there, that a search passes on each side. */
const MOST_PASSED: i32 = 8192;

/**
 * Records of a heap by the stretch of 4096 bytes in which they lie, to start a search from (find-chunk.ts): those that
 * searches have found, or all at some time. Nothing keeps them up to date, so that each is checked before use.
 */
function leafOf(heap: Heap, stretch: i32): usize {
  const leaf = stretch >> LEAF_SHIFT;
  return leaf < heap.hintRoom ? load<usize>(heap.hints + ((<usize>leaf) << 2)) : 0;
}

/** Record `c` lies in the stretch. */
export function addHint(heap: Heap, stretch: i32, c: i32): void {
  const leaf = stretch >> LEAF_SHIFT;
  while (leaf >= heap.hintRoom) {
    heap.hintRoom = max(heap.hintRoom << 1, 4);
    heap.hints = enlarge(heap.hints, (<usize>heap.hintRoom) << 1);
  }
  let hints = leafOf(heap, stretch);
  if (hints === 0) {
    hints = allocate(LEAF_BYTES);
    store<usize>(heap.hints + ((<usize>leaf) << 2), hints);
  }
  store<i32>(hints + ((<usize>(stretch & (LEAF_HINTS - 1))) << 2), c);
}

/** A record of the heap in the stretch, or in one near it; 0 if none is known. */
export function hintNear(heap: Heap, stretch: i32): i32 {
  const below = searchDown(heap, stretch);
  return below !== 0 ? below : searchUp(heap, stretch + 1);
}

function searchDown(heap: Heap, from: i32): i32 {
  let stretch = min(from, (heap.hintRoom << LEAF_SHIFT) - 1);
  for (let passed = 0; stretch >= 0 && passed < MOST_PASSED; passed++) {
    const hints = leafOf(heap, stretch);
    if (hints === 0) {
      stretch = ((stretch >> LEAF_SHIFT) << LEAF_SHIFT) - 1;
      continue;
    }
    const c = load<i32>(hints + ((<usize>(stretch & (LEAF_HINTS - 1))) << 2));
    if (isIn(heap, c)) {
      return c;
    }
    stretch--;
  }
  return 0;
}

function searchUp(heap: Heap, from: i32): i32 {
  const end = heap.hintRoom << LEAF_SHIFT;
  let stretch = from;
  for (let passed = 0; stretch < end && passed < MOST_PASSED; passed++) {
    const hints = leafOf(heap, stretch);
    if (hints === 0) {
      stretch = ((stretch >> LEAF_SHIFT) + 1) << LEAF_SHIFT;
      continue;
    }
    const c = load<i32>(hints + ((<usize>(stretch & (LEAF_HINTS - 1))) << 2));
    if (isIn(heap, c)) {
      return c;
    }
    stretch++;
  }
  return 0;
}

/** True if record `c` is a chunk of the heap. */
export function isIn(heap: Heap, c: i32): bool {
  if (c === 0) {
    return false;
  }
  const record = rec(c);
  return record.heap === heap.id && record.state !== RELEASED && record.state !== MAPPED;
}

/** Forgets all hints. */
export function dropHints(heap: Heap): void {
  for (let leaf = 0; leaf < heap.hintRoom; leaf++) {
    const hints = load<usize>(heap.hints + ((<usize>leaf) << 2));
    if (hints !== 0) {
      release(hints, LEAF_BYTES);
    }
  }
  if (heap.hintRoom > 0) {
    release(heap.hints, (<usize>heap.hintRoom) << 2);
  }
  heap.hints = 0;
  heap.hintRoom = 0;
}
