import {
  PLANE_ALL,
  PLANE_POLICY,
  RATIO_COUNT,
  RATIO_PLANES,
  ratioPlane,
} from "../../ptmalloc/core/resident";
import { writeChunk } from "../../ptmalloc/core/writes";
import { byteAt, doubleAt, FROMS, FULLS, LARGES, RATIO_FROMS, TOS, WHOLES } from "./batch";
import { state } from "./state";

/** The program's write to the block that the last call returned. It is applied before the next call. */

/** Chunk `c` holds a block of `size` bytes since the event in row `i`; its first `oldSize` bytes are as before. */
export function expect(c: i32, oldSize: f64, size: f64, i: i32): void {
  state.pendingChunk = c;
  state.allFrom = oldSize;
  state.allTo = size;
  state.isWhole = byteAt(WHOLES, i) === 1;
  if (state.isWhole) {
    return;
  }
  state.from = doubleAt(FROMS, i);
  state.to = doubleAt(TOS, i);
  state.ratioFrom = doubleAt(RATIO_FROMS, i);
  state.full = doubleAt(FULLS, i);
  state.large = doubleAt(LARGES, i);
}

/** Applies the write, if there is one. */
export function settle(): void {
  const c = state.pendingChunk;
  if (c === 0) {
    return;
  }
  state.pendingChunk = 0;
  if (state.isWhole) {
    writeChunk(c, state.allFrom, state.allTo, RATIO_PLANES | PLANE_POLICY | PLANE_ALL);
    return;
  }
  const full = state.full;
  const large = state.large;
  const allTo = state.allTo;
  let start = state.ratioFrom;
  // Where the policy writes all, so does the largest ratio: their planes are written together.
  let together: u32 = 0;
  if (
    start === state.allFrom &&
    state.from === state.allFrom &&
    state.to === allTo &&
    Math.max(full, large) === allTo
  ) {
    together = PLANE_POLICY | PLANE_ALL;
  } else {
    writeChunk(c, state.from, state.to, PLANE_POLICY);
    writeChunk(c, state.allFrom, allTo, PLANE_ALL);
  }
  let planes = RATIO_PLANES;
  // The planes of larger ratios include those of smaller ones.
  for (let i = 0; i < RATIO_COUNT; i++) {
    // The ratios are quarters.
    const end = Math.max(full, large * (<f64>i / 4));
    writeChunk(c, start, end, planes | together);
    start = Math.max(start, end);
    planes &= ~ratioPlane(i);
  }
}
