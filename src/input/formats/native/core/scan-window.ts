import { commonLine } from "./common-line";
import { lineOfSteps } from "./line-steps";

export { caller, op, pid, pointerIn, pointerOut, ROWS, size, tid, time } from "./event-rows";
export { head, STEPS_BYTES, tail } from "./line-steps";

/**
 * The module that reads the bytes of a native log. Its user copies a part of the log into the window, calls `scan`, takes
 * the rows, and reads a line of another form itself.
 */

/** Bytes of the window: as many as fit in a processor's own cache beside the rows. */
export const WINDOW_BYTES: i32 = 256 * 1024;

/** Bytes behind the window that a comparison may touch. */
const MARGIN: i32 = 64;

/** address of the window */
export const window: usize = memory.data(WINDOW_BYTES + MARGIN, 8);

let count: u32 = 0;

/** Lines have the columns that the steps say; if not, those of the native form. */
let hasSteps = false;

export function useSteps(use: bool): void {
  hasSteps = use;
}

/** rows that the last `scan` has filled, from row 0 on */
export function rows(): u32 {
  return count;
}

/**
 * Reads the lines of `window[at, end)` into at most `room` rows, up to the first of another form. Returns the index where it
 * stopped: `end` after the last line. A line that crosses `end` is of another form.
 */
export function scan(at: u32, end: u32, room: u32): u32 {
  const limit = window + end;
  // Matches no byte of the common form: no line runs on into bytes of the former window.
  store<u8>(limit, 0);
  let line = window + at;
  let row: u32 = 0;
  while (row < room && line < limit) {
    const next = hasSteps ? lineOfSteps(line, row) : commonLine(line, row);
    if (next === 0) {
      break;
    }
    line = next;
    row++;
  }
  count = row;
  return <u32>(line - window);
}
