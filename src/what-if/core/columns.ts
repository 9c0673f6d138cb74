/** Batches of events in columns: those that a replay without the log's pointers reads (replay/core/batch.ts). */

/** MODULE_ROWS: rows of every column */
export const ROWS: i32 = 8192;

const STRIDE: usize = <usize>ROWS;

// Where the columns of a batch begin.
export const ACTIONS: usize = 0;
export const WHOLES: usize = ACTIONS + STRIDE;
export const THREADS: usize = WHOLES + STRIDE;
export const BLOCKS: usize = THREADS + 4 * STRIDE;
export const LOST: usize = BLOCKS + 4 * STRIDE;
export const TIMES: usize = LOST + 4 * STRIDE;
export const SIZES: usize = TIMES + 8 * STRIDE;
export const ALIGNS: usize = SIZES + 8 * STRIDE;
export const OLD_SIZES: usize = ALIGNS + 8 * STRIDE;
export const FROMS: usize = OLD_SIZES + 8 * STRIDE;
export const TOS: usize = FROMS + 8 * STRIDE;
export const RATIO_FROMS: usize = TOS + 8 * STRIDE;
export const FULLS: usize = RATIO_FROMS + 8 * STRIDE;
export const LARGES: usize = FULLS + 8 * STRIDE;
export const BATCH_BYTES: usize = LARGES + 8 * STRIDE;
