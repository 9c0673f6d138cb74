import { ACTION_BITS, LOST_FREE, MALLOPT, MEMALIGN, REALLOC } from "./actions";

/**
 * The rows of the batch that is replayed, in columns (trace/actions.ts, trace/event.ts, writes/touch.ts): the facade copies those
 * that it wants replayed to the same rows here. They are no part of a model and not copied with it.
 */

/** MODULE_ROWS: rows of every column */
const ROWS: usize = 8192;

export const ACTIONS: usize = 0x2000;
export const WHOLES: usize = ACTIONS + ROWS;
export const OPS: usize = WHOLES + ROWS;
export const THREADS: usize = OPS + ROWS;
export const BLOCKS: usize = THREADS + 4 * ROWS;
export const LOST: usize = BLOCKS + 4 * ROWS;
export const TIMES: usize = LOST + 4 * ROWS;
export const SIZES: usize = TIMES + 8 * ROWS;
export const ALIGNS: usize = SIZES + 8 * ROWS;
export const OLD_SIZES: usize = ALIGNS + 8 * ROWS;
export const FROMS: usize = OLD_SIZES + 8 * ROWS;
export const TOS: usize = FROMS + 8 * ROWS;
export const RATIO_FROMS: usize = TOS + 8 * ROWS;
export const FULLS: usize = RATIO_FROMS + 8 * ROWS;
export const LARGES: usize = FULLS + 8 * ROWS;
export const POINTERS_IN: usize = LARGES + 8 * ROWS;
export const POINTERS_OUT: usize = POINTERS_IN + 8 * ROWS;

// Columns that few batches need, one bit each (batch-columns.ts).
const NEEDS_LOST: i32 = 1;
const NEEDS_OLD_SIZES: i32 = 2;
const NEEDS_ALIGNS: i32 = 4;

/** Returns which of the columns LOST, OLD_SIZES and ALIGNS the actions of rows from..to-1 need. */
export function neededColumns(from: i32, to: i32): i32 {
  let needs = 0;
  for (let i = from; i < to; i++) {
    const action = byteAt(ACTIONS, i);
    const call = action & ACTION_BITS;
    if (action >= LOST_FREE) {
      needs |= NEEDS_LOST;
    }
    if (call === REALLOC) {
      needs |= NEEDS_OLD_SIZES;
    } else if (call === MEMALIGN || call === MALLOPT) {
      needs |= NEEDS_ALIGNS;
    }
  }
  return needs;
}

export function byteAt(column: usize, row: i32): i32 {
  return <i32>load<u8>(column + <usize>row);
}

export function wordAt(column: usize, row: i32): i32 {
  return load<i32>(column + ((<usize>row) << 2));
}

export function doubleAt(column: usize, row: i32): f64 {
  return load<f64>(column + ((<usize>row) << 3));
}
