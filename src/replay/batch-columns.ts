import type { Instance } from "../ptmalloc/core-module.ts";
import { MODULE_ROWS as ROWS } from "../trace/columns.ts";
import type { Work } from "./work.ts";

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

// Bits of `neededColumns` (core/batch.ts).
const NEEDS_LOST = 1;
const NEEDS_OLD_SIZES = 2;
const NEEDS_ALIGNS = 4;

/** Copies what a replay reads of rows from..to-1 to the core's batch; `isGuided`: with the log's pointers. */
export function loadRows(
  { calls, u8, i32, f64 }: Instance,
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
  const needs = calls.neededColumns(from, to);
  words(THREADS, actions.thread);
  words(BLOCKS, actions.block);
  doubles(TIMES, batch.time);
  doubles(SIZES, batch.size);
  if (needs & NEEDS_LOST) {
    words(LOST, actions.lost);
  }
  if (needs & NEEDS_OLD_SIZES) {
    doubles(OLD_SIZES, actions.oldSize);
  }
  if (needs & NEEDS_ALIGNS) {
    doubles(ALIGNS, batch.align);
  }
  bytes(WHOLES, touch.whole);
  if (touch.whole.subarray(from, to).includes(0)) {
    doubles(FROMS, touch.from);
    doubles(TOS, touch.to);
    doubles(RATIO_FROMS, touch.ratioFrom);
    doubles(FULLS, touch.full);
    doubles(LARGES, touch.large);
  }
  if (isGuided) {
    bytes(OPS, batch.op);
    doubles(POINTERS_IN, batch.pointerIn);
    doubles(POINTERS_OUT, batch.pointerOut);
  }
}
