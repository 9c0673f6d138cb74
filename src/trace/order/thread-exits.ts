import { Action, type ActionBatch } from "../actions.ts";
import { type EventBatch, Op } from "../event.ts";

/** How many lines after thread_exit() a late destructor of the same thread may still log free(NULL). */
const LATE_LINES = 60;

/**
 * When a logged thread_exit() takes effect. glibc empties the thread's cache after its last destructors, and some of
 * these log a free(NULL) after the thread_exit() line; any other call of the same tid is a new thread that was given
 * the number again (ptmalloc2.md §6.4, §11.4). So the exit moves to the last such free(NULL).
 */
export class ThreadExits {
  /** dense indices of threads whose exit was moved to a free(NULL) that is still to come */
  readonly #leaving = new Set<number>();

  /** Rewrites the thread exits among `actions`; `next` is the batch after this one, null at the log's end. */
  settle(batch: EventBatch, actions: ActionBatch, next: EventBatch | null): void {
    for (let i = 0; i < batch.length; i++) {
      if (batch.op[i] === Op.threadExit) {
        if (!this.#freesNullNext(batch, i, next)) {
          continue;
        }
        actions.action[i] = Action.none;
        this.#leaving.add(actions.thread[i]!);
      } else if (this.#leaving.size > 0 && this.#leaving.has(actions.thread[i]!)) {
        if (this.#freesNullNext(batch, i, next)) {
          continue;
        }
        actions.action[i] = Action.threadExit;
        this.#leaving.delete(actions.thread[i]!);
      }
    }
  }

  /** True if the tid's next line comes soon and is free(NULL). */
  #freesNullNext(batch: EventBatch, i: number, next: EventBatch | null): boolean {
    const tid = batch.tid[i]!;
    for (let ahead = 1; ahead < LATE_LINES; ahead++) {
      const inThis = i + ahead < batch.length;
      const where = inThis ? batch : next;
      const j = inThis ? i + ahead : i + ahead - batch.length;
      if (where === null || j >= where.length) {
        return false;
      }
      if (where.tid[j] === tid) {
        return where.op[j] === Op.free && where.pointerIn[j] === 0;
      }
    }
    return false;
  }
}
