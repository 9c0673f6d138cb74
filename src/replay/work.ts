import { ActionBatch } from "../trace/actions.ts";
import { copyColumn, EventBatch, type Memory } from "../trace/event.ts";
import type { ScenarioRun } from "./scenario-run.ts";
import type { Ranges } from "./writes/byte-ranges.ts";
import { TouchBatch } from "./writes/touch.ts";

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
    run.model.attachesBefore(insertion.thread, insertion.late);
  } else if (insertion.what === "sbrk") {
    run.model.foreignSbrk(insertion.bytes, insertion.trims);
  } else {
    run.learn(insertion.block, insertion.written, insertion.takenBack);
  }
}

/** Room for a batch; shared memory, if another thread is to replay it. */
export function newWork(memory: Memory = ArrayBuffer): Work {
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
  // Not EventBatch.copy: nobody replays tids and callers.
  copy.batch.length = length;
  copyColumn(copy.batch.op, batch.op, length);
  copyColumn(copy.batch.time, batch.time, length);
  copyColumn(copy.batch.size, batch.size, length);
  copyColumn(copy.batch.align, batch.align, length);
  copyColumn(copy.batch.pointerIn, batch.pointerIn, length);
  copyColumn(copy.batch.pointerOut, batch.pointerOut, length);
  copyColumn(copy.batch.line, batch.line, length);
  copy.actions.copy(actions, length);
  copy.touch.copy(touch, length);
  return copy;
}
