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

export function byteAt(column: usize, row: i32): i32 {
  return <i32>load<u8>(column + <usize>row);
}

export function wordAt(column: usize, row: i32): i32 {
  return load<i32>(column + ((<usize>row) << 2));
}

export function doubleAt(column: usize, row: i32): f64 {
  return load<f64>(column + ((<usize>row) << 3));
}
