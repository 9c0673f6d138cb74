import {
  ACTION_BITS,
  ACTIONS,
  BLOCKS,
  byteAt,
  doubleAt,
  FREE,
  LINES,
  LIVE_AFTER,
  LOST,
  LOST_BYTES,
  LOST_FREE,
  OLD_OWNERS,
  OLD_SIZES,
  REALLOC,
  SIZES,
  setDouble,
  setWord,
  THREADS,
  TIMES,
  wordAt,
} from "./batch";
import { BlockRow, rowOf } from "./block-rows";
import { state } from "./ledger-state";
import { countAllocated, countFreed, countLost, threadRow } from "./threads";

/** Requested size, owner and call of every live block, and the sums over all live blocks. */

/** Up to here (2^53 − 1) a sum of whole numbers is exact: what was added can be subtracted again in any order. */
const MAX_LIVE_BYTES: f64 = 9007199254740991;

/** Applies rows from..to-1, whose actions, threads and blocks are resolved. Fills OLD_SIZES and LIVE_AFTER. */
export function apply(from: i32, to: i32): void {
  for (let i = from; i < to; i++) {
    const block = wordAt(BLOCKS, i);
    let oldSize: f64 = 0;
    if (block >= 0) {
      const row = rowOf(block);
      const action = byteAt(ACTIONS, i);
      if (action === FREE) {
        oldSize = freeBlock(row, i);
      } else {
        if (action >= LOST_FREE) {
          loseBlock(rowOf(wordAt(LOST, i)), i);
        }
        if ((action & ACTION_BITS) === REALLOC) {
          oldSize = freeBlock(row, i);
        }
        allocateBlock(row, i);
      }
    }
    setDouble(OLD_SIZES, i, oldSize);
    setDouble(LIVE_AFTER, i, state.liveBytes);
  }
}

function allocateBlock(row: BlockRow, i: i32): void {
  let bytes = doubleAt(SIZES, i);
  if (state.liveBytes + bytes > MAX_LIVE_BYTES) {
    bytes = 0;
    state.excessive++;
  }
  const thread = wordAt(THREADS, i);
  row.bytes = bytes;
  row.owner = thread;
  row.line = <i32>(<i64>doubleAt(LINES, i));
  row.time = doubleAt(TIMES, i);
  state.liveBytes += bytes;
  state.liveBlocks++;
  countAllocated(threadRow(thread), bytes);
}

function freeBlock(row: BlockRow, i: i32): f64 {
  const bytes = row.bytes;
  const owner = row.owner;
  state.liveBytes -= bytes;
  state.liveBlocks--;
  setWord(OLD_OWNERS, i, owner);
  countFreed(wordAt(THREADS, i), owner, bytes);
  return bytes;
}

/** Removes a block whose free is missing: the allocation of row `i` returned its pointer. */
function loseBlock(row: BlockRow, i: i32): void {
  const bytes = row.bytes;
  setDouble(LOST_BYTES, i, bytes);
  state.liveBytes -= bytes;
  state.liveBlocks--;
  countLost(wordAt(THREADS, i), row.owner, bytes);
}

export function liveBytes(): f64 {
  return state.liveBytes;
}

export function liveBlocks(): i32 {
  return state.liveBlocks;
}

/** Allocations that count as of 0 bytes, because no process has so many bytes live. */
export function excessive(): i32 {
  return state.excessive;
}

/** Block ids are below this. */
export function idLimit(): i32 {
  return state.idLimit;
}
