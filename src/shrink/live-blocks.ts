import { EVENTS_PER_BATCH } from "../trace/columns.ts";
import { EventBatch, Op } from "../trace/event.ts";

interface LiveBlock {
  readonly op: Op;
  readonly tid: number;
  readonly time: number;
  readonly caller: number;
  readonly size: number;
  readonly align: number;
}

/** The blocks that are live at a moment, each with the call that gave it its size, in the order of these calls. */
export class LiveBlocks {
  readonly #blocks = new Map<number, LiveBlock>();

  get size(): number {
    return this.#blocks.size;
  }

  apply(batch: EventBatch, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.#applyOne(batch, i);
    }
  }

  #applyOne(batch: EventBatch, i: number): void {
    // The column holds an Op.
    const op = batch.op[i]! as Op;
    if (op > Op.free) {
      return;
    }
    const from = batch.pointerIn[i]!;
    const to = batch.pointerOut[i]!;
    if (op === Op.free || (op === Op.realloc && (to !== 0 || batch.size[i] === 0))) {
      this.#blocks.delete(from);
    }
    if (to === 0) {
      return;
    }
    this.#blocks.delete(to);
    this.#blocks.set(to, {
      op: op === Op.calloc || op === Op.realloc ? Op.malloc : op,
      tid: batch.tid[i]!,
      time: batch.time[i]!,
      caller: batch.caller[i]!,
      size: batch.size[i]!,
      align: batch.align[i]!,
    });
  }

  /** The calls that allocate these blocks, which are then forgotten. A batch is valid until the next one is asked for. */
  *takeBatches(): Generator<EventBatch> {
    const batch = new EventBatch();
    for (const [pointer, { op, tid, time, caller, size, align }] of this.#blocks) {
      const i = batch.length++;
      batch.op[i] = op;
      batch.tid[i] = tid;
      batch.time[i] = time;
      batch.caller[i] = caller;
      batch.size[i] = size;
      batch.align[i] = align;
      batch.pointerIn[i] = 0;
      batch.pointerOut[i] = pointer;
      if (batch.length === EVENTS_PER_BATCH) {
        yield batch;
        batch.clear();
      }
    }
    this.#blocks.clear();
    yield batch;
  }
}
