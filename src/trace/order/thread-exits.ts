import { Action, type ActionBatch } from "../actions.ts";
import { type EventBatch, Op } from "../event.ts";

/** A late destructor's free(NULL) follows the thread's previous line within fewer lines than this. */
const LATE_LINES = 60;

/**
 * Places the logged thread exits. glibc empties a thread's cache after its last destructors, and some of these log a
 * free(NULL) after the thread_exit() line; any other call of the same tid is by a new thread with a reused tid
 * (ptmalloc2.md §6.4, §11.4). So an exit moves to the last such free(NULL).
 */
export class ThreadExits {
  /** dense indices of threads whose exit moves to a later free(NULL) */
  readonly #exiting = new Set<number>();

  /** Rewrites the thread exits among `actions`; `next` is the batch that follows, null at the log's end. */
  place(batch: EventBatch, actions: ActionBatch, next: EventBatch | null): void {
    for (let i = 0; i < batch.length; i++) {
      if (batch.op[i] === Op.threadExit) {
        if (!this.#freesNullNext(batch, i, next)) {
          continue;
        }
        actions.action[i] = Action.none;
        this.#exiting.add(actions.thread[i]!);
      } else if (this.#exiting.size > 0 && this.#exiting.has(actions.thread[i]!)) {
        if (this.#freesNullNext(batch, i, next)) {
          continue;
        }
        actions.action[i] = Action.threadExit;
        this.#exiting.delete(actions.thread[i]!);
      }
    }
  }

  /** True if the next line of event i's tid is a free(NULL) near it. */
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
