/** The rows of the batch that passes through the ledger, in columns (trace/event.ts, trace/actions.ts). */

/** MODULE_ROWS: rows of every column */
const ROWS: usize = 8192;

// Events.
export const OPS: usize = 0x2000;
export const TIDS: usize = OPS + ROWS;
export const TIMES: usize = TIDS + 4 * ROWS;
export const CALLERS: usize = TIMES + 8 * ROWS;
export const SIZES: usize = CALLERS + 8 * ROWS;
export const ALIGNS: usize = SIZES + 8 * ROWS;
export const POINTERS_IN: usize = ALIGNS + 8 * ROWS;
export const POINTERS_OUT: usize = POINTERS_IN + 8 * ROWS;
export const LINES: usize = POINTERS_OUT + 8 * ROWS;
// Actions.
export const ACTIONS: usize = LINES + 8 * ROWS;
export const THREADS: usize = ACTIONS + ROWS;
export const BLOCKS: usize = THREADS + 4 * ROWS;
export const LOST: usize = BLOCKS + 4 * ROWS;
export const OLD_SIZES: usize = LOST + 4 * ROWS;
// What the passes tell one another.
/** hashes of the pointers, which `resolve` writes for some rows ahead */
export const HASHES_IN: usize = OLD_SIZES + 8 * ROWS;
export const HASHES_OUT: usize = HASHES_IN + 4 * ROWS;
/** live bytes after each event */
export const LIVE_AFTER: usize = HASHES_OUT + 4 * ROWS;
/** of each free and realloc, the owner of the block before it */
export const OLD_OWNERS: usize = LIVE_AFTER + 8 * ROWS;
/** of each event with LOST_FREE, the bytes of the block that is lost */
export const LOST_BYTES: usize = OLD_OWNERS + 4 * ROWS;
/** of each allocation, the hash of its site's key */
export const HASHES: usize = LOST_BYTES + 8 * ROWS;
/** numbers of the rows of allocations that are looked at ahead */
export const ALLOCATIONS: usize = HASHES + 4 * ROWS;

// Op
export const OP_REALLOC: i32 = 2;
export const OP_MEMALIGN: i32 = 3;
export const OP_PVALLOC: i32 = 5;
export const OP_FREE: i32 = 6;
export const OP_MALLOC_TRIM: i32 = 7;
export const OP_MALLOPT: i32 = 8;

// Action
export const NONE: i32 = 0;
export const MALLOC: i32 = 1;
export const REALLOC: i32 = 3;
export const PVALLOC: i32 = 6;
export const FREE: i32 = 7;
export const MALLOC_TRIM: i32 = 8;
export const MALLOPT: i32 = 9;
/** Added to an action: block `lost` is freed first. */
export const LOST_FREE: i32 = 0x80;
export const ACTION_BITS: i32 = 0x7f;

/** A block of a row; −1 */
export const NO_BLOCK: i32 = -1;

export function byteAt(column: usize, row: i32): i32 {
  return <i32>load<u8>(column + <usize>row);
}

export function setByte(column: usize, row: i32, value: i32): void {
  store<u8>(column + <usize>row, <u8>value);
}

export function wordAt(column: usize, row: i32): i32 {
  return load<i32>(column + ((<usize>row) << 2));
}

export function setWord(column: usize, row: i32, value: i32): void {
  store<i32>(column + ((<usize>row) << 2), value);
}

export function doubleAt(column: usize, row: i32): f64 {
  return load<f64>(column + ((<usize>row) << 3));
}

export function setDouble(column: usize, row: i32, value: f64): void {
  store<f64>(column + ((<usize>row) << 3), value);
}
