import type { ActionBatch } from "../actions.ts";
import { type EventBatch, Op } from "../event.ts";

/** The first pointer that a new thread's calls return, in a later batch than its first call. */
export interface FirstPointer {
  /** dense index */
  readonly thread: number;
  /** number (0-based) of the thread's first event */
  readonly event: number;
  readonly pointer: number;
}

/**
 * Looks ahead for the first pointers of new threads. The first call of a thread gives it an arena (ptmalloc2.md §3.2), and
 * a free does so without a pointer that shows which. Where the batch has none, the batch that follows may.
 */
export class FirstPointers {
  /** threads seen in earlier batches */
  #threads = 0;

  /** Reads a batch whose first event has number `first`; `next` is the batch that follows, null at the log's end. */
  read(
    batch: EventBatch,
    { thread }: ActionBatch,
    first: number,
    next: EventBatch | null,
  ): FirstPointer[] {
    const found: FirstPointer[] = [];
    for (let i = 0; i < batch.length; i++) {
      if (thread[i]! < this.#threads) {
        continue;
      }
      this.#threads = thread[i]! + 1;
      const tid = batch.tid[i]!;
      const freed = new Set<number>();
      if (next !== null && firstReturned(batch, tid, i, freed) === 0) {
        const pointer = firstReturned(next, tid, 0, freed);
        if (pointer !== 0) {
          found.push({ thread: thread[i]!, event: first + i, pointer });
        }
      }
    }
    return found;
  }
}

/**
 * Returns the first pointer that a call of `tid`, from event i on, returned for a new block; 0 if there is none. A block that
 * the thread has freed (`freed`, to which its calls are added) may come back from its tcache, and shows no arena.
 */
function firstReturned(batch: EventBatch, tid: number, i: number, freed: Set<number>): number {
  const { tid: tids, op, pointerIn, pointerOut, length } = batch;
  for (let k = i; k < length; k++) {
    if (tids[k] !== tid) {
      continue;
    }
    const pointer = pointerOut[k]!;
    if (isOfNewBlock(op[k]!) && pointer !== 0 && !freed.has(pointer)) {
      return pointer;
    }
    freed.add(pointerIn[k]!);
  }
  return 0;
}

function isOfNewBlock(op: number): boolean {
  return op === Op.malloc || op === Op.calloc || op === Op.memalign;
}
