import { ACTION_COLUMNS, ActionBatch } from "../trace/actions.ts";
import {
  type ColumnMemory,
  type Columns,
  copyColumns,
  EVENTS_PER_BATCH,
  permuteRows,
} from "../trace/columns.ts";
import { EVENT_COLUMNS, EventBatch } from "../trace/event.ts";
import { copyTouch, TOUCH_COLUMNS, TouchBatch, type TouchColumns } from "./writes/touch.ts";

const { tid, caller, ...replayed } = EVENT_COLUMNS;

/** The columns that a replay reads: `ActionBatch.thread` replaces tid, and callers are not replayed. */
export const REPLAYED_COLUMNS = replayed;

/** What a replay reads of an EventBatch. It has no methods: structured cloning to a worker drops them. */
export type ReplayedBatch = Columns<typeof REPLAYED_COLUMNS> & { length: number };

/** What a model replays of one batch. */
export interface Work {
  readonly batch: ReplayedBatch;
  readonly actions: Columns<typeof ACTION_COLUMNS>;
  readonly touch: TouchColumns;
}

/**
 * Returns the work of these columns. All work that is replayed comes from here: the loops over it run slower if they meet
 * several hidden classes.
 */
export function workOf({ batch, actions, touch }: Work): Work {
  return {
    batch: {
      op: batch.op,
      time: batch.time,
      size: batch.size,
      align: batch.align,
      pointerIn: batch.pointerIn,
      pointerOut: batch.pointerOut,
      line: batch.line,
      length: batch.length,
    },
    actions: {
      action: actions.action,
      thread: actions.thread,
      block: actions.block,
      lost: actions.lost,
      oldSize: actions.oldSize,
    },
    touch: {
      whole: touch.whole,
      from: touch.from,
      to: touch.to,
      ratioFrom: touch.ratioFrom,
      full: touch.full,
      large: touch.large,
    },
  };
}

/** Allocates work for one batch: in shared memory if another thread replays it. */
export function newWork(memory: ColumnMemory = ArrayBuffer, rows = EVENTS_PER_BATCH): Work {
  return workOf({
    batch: new EventBatch(memory, rows),
    actions: new ActionBatch(memory, rows),
    touch: new TouchBatch(memory, rows),
  });
}

/** Copies the work, because batches are reused. Fills `recycled`, which has room, instead of new memory if given. */
export function copyWork({ batch, actions, touch }: Work, recycled: Work | null = null): Work {
  const { length } = batch;
  const copy = recycled ?? newWork(ArrayBuffer, length);
  copy.batch.length = length;
  copyColumns(REPLAYED_COLUMNS, copy.batch, batch, length);
  copyColumns(ACTION_COLUMNS, copy.actions, actions, length);
  copyTouch(copy.touch, touch, length);
  return copy;
}

const { op, pointerIn, pointerOut, line, ...unguided } = REPLAYED_COLUMNS;

/** What a replay without a guide reads of one batch. */
export interface UnguidedWork {
  readonly batch: Columns<typeof unguided> & { length: number };
  readonly actions: Columns<typeof ACTION_COLUMNS>;
  readonly touch: TouchColumns;
}

/** Copies to `copy` what a replay without a guide reads. */
export function copyUnguided(copy: UnguidedWork, { batch, actions, touch }: UnguidedWork): void {
  const { length } = batch;
  copy.batch.length = length;
  copyColumns(unguided, copy.batch, batch, length);
  copyColumns(ACTION_COLUMNS, copy.actions, actions, length);
  copyTouch(copy.touch, touch, length);
}

const { time, ...columnsOfLine } = REPLAYED_COLUMNS;

/** Reorders lines from, from + 1, …: `lines` are relative to `from`. Times belong to the places and stay. */
export function permuteWork(
  { batch, actions, touch }: Work,
  from: number,
  lines: readonly number[],
): void {
  permuteRows(columnsOfLine, batch, from, lines);
  permuteRows(ACTION_COLUMNS, actions, from, lines);
  permuteRows(TOUCH_COLUMNS, touch, from, lines);
}
