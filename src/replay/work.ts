import { ACTION_COLUMNS, ActionBatch } from "../trace/actions.ts";
import { type ColumnMemory, copyColumns, permuteRows } from "../trace/columns.ts";
import { EventBatch, REPLAYED_COLUMNS } from "../trace/event.ts";
import { TOUCH_COLUMNS, TouchBatch } from "./writes/touch.ts";

/** What a model replays of one batch. */
export interface Work {
  readonly batch: EventBatch;
  readonly actions: ActionBatch;
  readonly touch: TouchBatch;
}

/** Allocates work for one batch: in shared memory if another thread replays it. */
export function newWork(memory: ColumnMemory = ArrayBuffer): Work {
  return {
    batch: new EventBatch(memory),
    actions: new ActionBatch(memory),
    touch: new TouchBatch(memory),
  };
}

/** Copies the work, because batches are reused. Fills `recycled` instead of new memory if given. */
export function copyWork({ batch, actions, touch }: Work, recycled: Work | null = null): Work {
  const copy = recycled ?? newWork();
  const { length } = batch;
  copy.batch.length = length;
  copyColumns(REPLAYED_COLUMNS, copy.batch, batch, length);
  copyColumns(ACTION_COLUMNS, copy.actions, actions, length);
  copy.touch.copy(touch, length);
  return copy;
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
