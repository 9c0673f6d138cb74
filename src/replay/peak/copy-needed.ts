import { ACTION_COLUMNS, Action, LOST_FREE, withoutLostFree } from "../../trace/actions.ts";
import { columnNames, copyColumns, copyRows, MODULE_ROWS } from "../../trace/columns.ts";
import { REPLAYED_COLUMNS, type Work, workOf } from "../work.ts";
import { TOUCH_COLUMNS } from "../writes/touch.ts";

const { time, size, align, ...forGuide } = REPLAYED_COLUMNS;
const { lost, ...actionColumns } = ACTION_COLUMNS;
const { whole, ...parts } = TOUCH_COLUMNS;

const NO_BYTES = new Uint8Array(0);
const NO_INTS = new Int32Array(0);
const NO_DOUBLES = new Float64Array(0);
/** Stands for columns of parts that are 0 in every row. Never written. */
const ZEROS = new Float64Array(MODULE_ROWS);
/** rows of blocks that are written in part */
const partRows = new Int32Array(MODULE_ROWS);

const EMPTY = workOf({
  batch: {
    op: NO_BYTES,
    time: NO_DOUBLES,
    size: NO_DOUBLES,
    align: NO_DOUBLES,
    pointerIn: NO_DOUBLES,
    pointerOut: NO_DOUBLES,
    line: NO_DOUBLES,
    length: 0,
  },
  actions: {
    action: NO_BYTES,
    thread: NO_INTS,
    block: NO_INTS,
    lost: NO_INTS,
    oldSize: NO_DOUBLES,
  },
  touch: {
    whole: NO_BYTES,
    from: ZEROS,
    to: ZEROS,
    ratioFrom: ZEROS,
    full: ZEROS,
    large: ZEROS,
  },
});

/**
 * Copies what a replay, with a guide or without, reads of a batch. Columns that no event needs take no memory: few calls
 * have an alignment, or write their block only in part. Takes the memory of `recycled`, such a copy, if given.
 */
export function copyNeeded(work: Work, isGuided: boolean, recycled: Work | null = null): Work {
  const { batch, actions, touch } = work;
  const { length } = batch;
  const needs = neededColumns(work, isGuided);
  const copy = withRoom(recycled ?? EMPTY, work, needs);
  copyColumns({ time, size }, copy.batch, batch, length);
  copyColumns(actionColumns, copy.actions, actions, length);
  if (needs.guide) {
    copyColumns(forGuide, copy.batch, batch, length);
  }
  if (needs.align) {
    copyColumns({ align }, copy.batch, batch, length);
  }
  if (needs.lost) {
    copyColumns({ lost }, copy.actions, actions, length);
  }
  copyColumns({ whole }, copy.touch, touch, length);
  for (const name of columnNames(parts)) {
    if (copy.touch[name] !== ZEROS) {
      copyRows({ [name]: parts[name] }, copy.touch, touch, partRows, needs.parts);
    }
  }
  return copy;
}

/** Which columns a replay reads of a batch, among those that it may not read. */
interface Needed {
  guide: boolean;
  align: boolean;
  lost: boolean;
  /** how many of `partRows` are needed */
  parts: number;
}

function neededColumns({ batch, actions, touch }: Work, guide: boolean): Needed {
  const needs: Needed = { guide, align: false, lost: false, parts: 0 };
  for (let i = 0; i < batch.length; i++) {
    const action = actions.action[i]!;
    needs.lost ||= action >= LOST_FREE;
    const call = withoutLostFree(action);
    needs.align ||= call === Action.memalign || call === Action.mallopt;
    if (touch.whole[i] === 0) {
      partRows[needs.parts++] = i;
    }
  }
  return needs;
}

/** Returns the columns of `work`, those that are needed with room for a batch. */
function withRoom({ batch, actions, touch }: Work, from: Work, needs: Needed): Work {
  const { length } = from.batch;
  const ofParts = (name: keyof typeof parts): Float64Array =>
    touch[name] === ZEROS && !hasPart(from.touch[name], needs.parts)
      ? ZEROS
      : room(touch[name] === ZEROS ? NO_DOUBLES : touch[name], length, Float64Array);
  return workOf({
    batch: {
      op: room(batch.op, needs.guide ? length : 0, Uint8Array),
      time: room(batch.time, length, Float64Array),
      size: room(batch.size, length, Float64Array),
      align: room(batch.align, needs.align ? length : 0, Float64Array),
      pointerIn: room(batch.pointerIn, needs.guide ? length : 0, Float64Array),
      pointerOut: room(batch.pointerOut, needs.guide ? length : 0, Float64Array),
      line: room(batch.line, needs.guide ? length : 0, Float64Array),
      length,
    },
    actions: {
      action: room(actions.action, length, Uint8Array),
      thread: room(actions.thread, length, Int32Array),
      block: room(actions.block, length, Int32Array),
      lost: room(actions.lost, needs.lost ? length : 0, Int32Array),
      oldSize: room(actions.oldSize, length, Float64Array),
    },
    touch: {
      whole: room(touch.whole, length, Uint8Array),
      from: ofParts("from"),
      to: ofParts("to"),
      ratioFrom: ofParts("ratioFrom"),
      full: ofParts("full"),
      large: ofParts("large"),
    },
  });
}

/** Returns a column with so many rows at least: `column` if it has them, or if none are needed. */
function room<C extends { readonly length: number }>(
  column: C,
  rows: number,
  Type: new (rows: number) => C,
): C {
  return column.length < rows ? new Type(rows) : column;
}

/** True if one of the first `count` of `partRows` is not 0. */
function hasPart(column: Float64Array, count: number): boolean {
  for (let n = 0; n < count; n++) {
    if (column[partRows[n]!] !== 0) {
      return true;
    }
  }
  return false;
}
