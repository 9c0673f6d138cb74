/**
 * The columns that the scanner fills, as those of an EventBatch (src/trace/event.ts), which gets a copy of them, and the process. `align`
 * is missing: no call of the common form has an alignment.
 */

/** Rows of every column: at least as many as a batch has. */
export const ROWS: i32 = 8192;

/** one of `Op` */
export const op: usize = memory.data(ROWS);
/** process id; 0: none. Lines of the native form have none, and leave the row as it is. */
export const pid: usize = memory.data(ROWS * 4, 8);
/** thread id */
export const tid: usize = memory.data(ROWS * 4, 8);
/** µs since midnight, a double as all that follow */
export const time: usize = memory.data(ROWS * 8, 8);
/** return address of the call */
export const caller: usize = memory.data(ROWS * 8, 8);
/** requested bytes */
export const size: usize = memory.data(ROWS * 8, 8);
/** pointer given to free and realloc */
export const pointerIn: usize = memory.data(ROWS * 8, 8);
/** pointer returned */
export const pointerOut: usize = memory.data(ROWS * 8, 8);
