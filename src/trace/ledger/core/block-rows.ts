import { allocate, enlarge } from "../../../wasm/core/store";
import { state } from "./ledger-state";

/**
 * A row for each block id, which fills a cache line: its pointer (pointer-table.ts), what BlockTable knows of it (blocks.ts)
 * and the call that it is of (allocation-sites.ts). The rows of free ids are stale, but for `pointer` and `site`.
 */
@unmanaged
export class BlockRow {
  /** 0: the block is not in the pointer table */
  pointer: f64;
  /** requested */
  bytes: f64;
  /** µs on the log's clock of its allocation; NaN where the line has no time */
  time: f64;
  /** dense index of the thread that allocated it, or that last resized it by realloc */
  owner: i32;
  /** ~site of that call; 0: no block is live */
  site: i32;
  /** peaks of the process before that call, modulo 2^32 */
  epoch: i32;
  /** number of its event, modulo 2^32 */
  event: i32;
  /** how many allocations its thread had made with it, modulo 2^32 */
  born: i32;
  /** number of its line, modulo 2^32 */
  line: i32;
  /** index of its caller (caller-lifetimes.ts): a free mostly needs no more of the site */
  callerIndex: i32;
}

const ROW_SHIFT: usize = 6;
/** Rows lie in leaves of 256, so that nothing moves when there are more. */
const LEAF_SHIFT: usize = 8;
const LEAF_MASK: usize = 255;
const LEAF_BYTES: usize = 1 << (LEAF_SHIFT + ROW_SHIFT);
const FIRST_LEAVES: i32 = 4;

/** The row of an id that has been in use. */
export function rowOf(block: i32): BlockRow {
  const leaf = load<usize>(state.blockLeaves + ((<usize>block >> LEAF_SHIFT) << 2));
  return changetype<BlockRow>(leaf + ((<usize>block & LEAF_MASK) << ROW_SHIFT));
}

/** Makes room for the row of `block`, the lowest id that has never been in use. */
export function addRow(block: i32): void {
  if ((<usize>block & LEAF_MASK) !== 0) {
    return;
  }
  const leaf = block >> <i32>LEAF_SHIFT;
  if (leaf === state.blockLeafRoom) {
    if (leaf === 0) {
      state.blockLeaves = allocate((<usize>FIRST_LEAVES) << 2);
      state.blockLeafRoom = FIRST_LEAVES;
    } else {
      state.blockLeaves = enlarge(state.blockLeaves, (<usize>leaf) << 2);
      state.blockLeafRoom = leaf << 1;
    }
  }
  store<usize>(state.blockLeaves + ((<usize>leaf) << 2), allocate(LEAF_BYTES));
}
