import { ACTION_COLUMNS, ActionBatch } from "../trace/actions.ts";
import { type ColumnMemory, copyColumns, permuteRows } from "../trace/columns.ts";
import { EventBatch, REPLAYED_COLUMNS } from "../trace/event.ts";
import type { ScenarioRun } from "./scenario-run.ts";
import type { Ranges } from "./writes/byte-ranges.ts";
import { TOUCH_COLUMNS, TouchBatch } from "./writes/touch.ts";

/** What a model replays of one batch. */
export interface Work {
  readonly batch: EventBatch;
  readonly actions: ActionBatch;
  readonly touch: TouchBatch;
}

/** Something to be done between two calls, before event number `before` (0-based). */
export type Insertion = Exit | Sbrk | LateExits | Probe | Writes;

/** A thread ends, though no line of the log says so. */
export interface Exit {
  readonly what: "exit";
  readonly before: number;
  readonly thread: number;
}

/** The program itself moves the break up, past malloc. */
export interface Sbrk {
  readonly what: "sbrk";
  readonly before: number;
  readonly bytes: number;
  /** the latest trims of the main heap that this came before, and prevented */
  readonly trims: number;
}

/** Threads that have ended leave their arena only after thread `thread` has chosen its own, with event `before`. */
export interface LateExits {
  readonly what: "lateExits";
  readonly before: number;
  readonly thread: number;
  readonly late: readonly number[];
}

/** The RSS is to be taken. */
export interface Probe {
  readonly what: "probe";
  readonly before: number;
}

/** It becomes known which bytes of a block the program has written, and which it has not, whatever was assumed. */
export interface Writes {
  readonly what: "writes";
  readonly before: number;
  readonly block: number;
  readonly written: Ranges;
  readonly takenBack: Ranges;
}

/** Replays events from..to-1 of a batch whose first event has number `first`, with what is inserted among them. */
export function replayWith(
  run: ScenarioRun,
  { batch, actions, touch }: Work,
  first: number,
  from: number,
  to: number,
  insertions: readonly Insertion[],
): void {
  let at = from;
  for (const insertion of insertions) {
    const i = insertion.before - first;
    if (i < from || i >= to) {
      continue;
    }
    run.replay(batch, actions, touch, at, i);
    insert(run, insertion);
    at = i;
  }
  run.replay(batch, actions, touch, at, to);
}

/**
 * Replays a batch whose first event has number `first` from its event `from` on to its end, with what is inserted among
 * and right behind them.
 */
export function replayBatch(
  run: ScenarioRun,
  work: Work,
  first: number,
  insertions: readonly Insertion[],
  from = 0,
): void {
  const end = first + work.batch.length;
  replayWith(run, work, first, from, work.batch.length, insertions);
  for (const insertion of insertions) {
    if (insertion.before === end) {
      insert(run, insertion);
    }
  }
}

export function insert(run: ScenarioRun, insertion: Insertion): void {
  if (insertion.what === "probe") {
    run.probe();
  } else if (insertion.what === "exit") {
    run.exitThread(insertion.thread);
  } else if (insertion.what === "lateExits") {
    run.model.choosesBefore(insertion.thread, insertion.late);
  } else if (insertion.what === "sbrk") {
    run.model.foreignSbrk(insertion.bytes, insertion.trims);
  } else {
    run.learn(insertion.block, insertion.written, insertion.takenBack);
  }
}

/** Room for a batch; shared memory, if another thread is to replay it. */
export function newWork(memory: ColumnMemory = ArrayBuffer): Work {
  return {
    batch: new EventBatch(memory),
    actions: new ActionBatch(memory),
    touch: new TouchBatch(memory),
  };
}

/** A copy of the work, for batches are reused; in the place of `spent`, work that nobody needs any more. */
export function copyWork({ batch, actions, touch }: Work, spent: Work | null = null): Work {
  const copy = spent ?? newWork();
  const { length } = batch;
  copy.batch.length = length;
  copyColumns(REPLAYED_COLUMNS, copy.batch, batch, length);
  copyColumns(ACTION_COLUMNS, copy.actions, actions, length);
  copy.touch.copy(touch, length);
  return copy;
}

const { time, ...columnsOfLine } = REPLAYED_COLUMNS;

/** Reorders lines from, from + 1, … by `lines`, relative to `from`. Times stay: they belong to the places. */
export function permuteWork(
  { batch, actions, touch }: Work,
  from: number,
  lines: readonly number[],
): void {
  permuteRows(columnsOfLine, batch, from, lines);
  permuteRows(ACTION_COLUMNS, actions, from, lines);
  permuteRows(TOUCH_COLUMNS, touch, from, lines);
}
