import type { Instance } from "../ptmalloc/core-module.ts";
import { MODULE_ROWS as ROWS } from "../trace/columns.ts";
import type { Work } from "./work.ts";
import type { TouchColumns } from "./writes/touch.ts";

/** Addresses of the columns of core/batch.ts. */
const ACTIONS = 0x2000;
const WHOLES = ACTIONS + ROWS;
const OPS = WHOLES + ROWS;
const THREADS = OPS + ROWS;
const BLOCKS = THREADS + 4 * ROWS;
const LOST = BLOCKS + 4 * ROWS;
const TIMES = LOST + 4 * ROWS;
const SIZES = TIMES + 8 * ROWS;
const ALIGNS = SIZES + 8 * ROWS;
const OLD_SIZES = ALIGNS + 8 * ROWS;
const FROMS = OLD_SIZES + 8 * ROWS;
const TOS = FROMS + 8 * ROWS;
const RATIO_FROMS = TOS + 8 * ROWS;
const FULLS = RATIO_FROMS + 8 * ROWS;
const LARGES = FULLS + 8 * ROWS;
const POINTERS_IN = LARGES + 8 * ROWS;
const POINTERS_OUT = POINTERS_IN + 8 * ROWS;

/**
 * Copies what a replay reads of rows from..to-1 to the core's batch; `isGuided`: with the log's pointers. Columns without
 * these rows are not needed (peak/copy-needed.ts).
 */
export function loadRows(
  { u8, i32, f64 }: Instance,
  { batch, actions, touch }: Work,
  from: number,
  to: number,
  isGuided: boolean,
): void {
  const bytes = (at: number, column: Uint8Array) => u8.set(column.subarray(from, to), at + from);
  const words = (at: number, column: Int32Array) =>
    i32.set(column.subarray(from, to), at / 4 + from);
  const doubles = (at: number, column: Float64Array) =>
    f64.set(column.subarray(from, to), at / 8 + from);
  bytes(ACTIONS, actions.action);
  words(THREADS, actions.thread);
  words(BLOCKS, actions.block);
  words(LOST, actions.lost);
  doubles(OLD_SIZES, actions.oldSize);
  doubles(TIMES, batch.time);
  doubles(SIZES, batch.size);
  doubles(ALIGNS, batch.align);
  bytes(WHOLES, touch.whole);
  loadParts(f64, touch, from, to);
  if (isGuided) {
    bytes(OPS, batch.op);
    doubles(POINTERS_IN, batch.pointerIn);
    doubles(POINTERS_OUT, batch.pointerOut);
  }
}

/** Most blocks are written whole: their rows have nothing else. */
function loadParts(f64: Float64Array, touch: TouchColumns, start: number, end: number): void {
  const { whole, from, to, ratioFrom, full, large } = touch;
  for (let i = start; i < end; i++) {
    if (whole[i] === 0) {
      f64[FROMS / 8 + i] = from[i]!;
      f64[TOS / 8 + i] = to[i]!;
      f64[RATIO_FROMS / 8 + i] = ratioFrom[i]!;
      f64[FULLS / 8 + i] = full[i]!;
      f64[LARGES / 8 + i] = large[i]!;
    }
  }
}
