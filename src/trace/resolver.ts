import { Action, type ActionBatch, LOST_FREE } from "./actions.ts";
import { noPointerAnomalies, type PointerAnomalies } from "./anomalies.ts";
import { type EventBatch, Op } from "./event.ts";
import { PointerTable, probe, closeGap } from "./pointer-table.ts";
import { RecentlyFreed, place } from "./recently-freed.ts";
import type { ThreadTable } from "./threads.ts";

/** What a call that is no realloc and no free does, by op. */
const ACTION_OF_OP = new Uint8Array(Object.keys(Op).length);
ACTION_OF_OP[Op.malloc] = Action.malloc;
ACTION_OF_OP[Op.calloc] = Action.calloc;
ACTION_OF_OP[Op.memalign] = Action.memalign;
ACTION_OF_OP[Op.valloc] = Action.valloc;
ACTION_OF_OP[Op.pvalloc] = Action.pvalloc;
ACTION_OF_OP[Op.mallocTrim] = Action.mallocTrim;
ACTION_OF_OP[Op.mallopt] = Action.mallopt;
ACTION_OF_OP[Op.threadExit] = Action.threadExit;
ACTION_OF_OP[Op.mark] = Action.none;

/**
 * From the log's pointers to blocks: what each event does, and to which block.
 *
 * A log is believed call by call: what a call returned is live, whatever was believed before. Where that contradicts
 * the past (an allocation returns a pointer that is live), the past is corrected: the old block's free was lost. Where
 * a free contradicts it (there is no such block), the call does nothing. Both are counted.
 */
export class Resolver {
  readonly anomalies: PointerAnomalies = noPointerAnomalies();
  readonly pointers = new PointerTable();
  readonly #threads: ThreadTable;
  readonly #recentlyFreed = new RecentlyFreed();

  constructor(threads: ThreadTable) {
    this.#threads = threads;
  }

  /** Fills `action`, `block` and `lost` of an `out` whose `thread` is filled in. */
  resolve(batch: EventBatch, out: ActionBatch): void {
    const { op: ops, pointerIn, pointerOut, length } = batch;
    const { action, block } = out;
    const pointers = this.pointers;
    const recent = this.#recentlyFreed.pointers;
    let { pairs, freeIds, mask, shift } = pointers;
    let free = pointers.freeIdCount;
    for (let i = 0; i < length; i++) {
      const op = ops[i]!;
      if (op === Op.free) {
        const p = pointerIn[i]!;
        if (p !== 0) {
          const at = probe(pairs, mask, shift, p);
          if (pairs[at] === p && free < freeIds.length) {
            const id = pairs[at + 1]! | 0;
            freeIds[free++] = id;
            if (pairs[(at + 2) & mask] === 0) pairs[at] = 0;
            else closeGap(pairs, mask, shift, at);
            recent[place(p)] = p;
            block[i] = id;
            action[i] = Action.free;
            pointers.size--;
            continue;
          }
        }
      } else if (op !== Op.realloc && op <= Op.pvalloc) {
        const p = pointerOut[i]!;
        if (p !== 0 && pointers.size < pointers.limit) {
          const at = probe(pairs, mask, shift, p);
          if (pairs[at] !== p) {
            const id = free > 0 ? freeIds[--free]! : pointers.idLimit++;
            pairs[at] = p;
            pairs[at + 1] = id;
            const pl = place(p);
            if (recent[pl] === p) recent[pl] = 0;
            block[i] = id;
            action[i] = ACTION_OF_OP[op]!;
            pointers.size++;
            continue;
          }
        }
      }
      pointers.freeIdCount = free;
      this.slow(batch, i, out);
      pairs = pointers.pairs; freeIds = pointers.freeIds; mask = pointers.mask; shift = pointers.shift; free = pointers.freeIdCount;
    }
    pointers.freeIdCount = free;
  }
  slow(batch: EventBatch, i: number, out: ActionBatch): void {
    {
      const op = batch.op[i]!;
      if (op === Op.free) this.#free(batch, i, out);
      else if (op === Op.realloc) this.#realloc(batch, i, out);
      else if (op <= Op.pvalloc) this.#allocate(batch, i, ACTION_OF_OP[op]!, out);
      else nothing(i, ACTION_OF_OP[op]!, out);
    }
  }

  #allocate(batch: EventBatch, i: number, action: number, out: ActionBatch): void {
    const pointer = batch.pointerOut[i]!;
    if (pointer === 0) {
      this.#failed(i, out);
      return;
    }
    this.#recentlyFreed.delete(pointer);
    const block = this.pointers.insert(pointer);
    if (block >= 0) {
      out.action[i] = action;
      out.block[i] = block;
    } else {
      this.anomalies.reusedLive++;
      out.action[i] = action | LOST_FREE;
      out.block[i] = ~block;
      out.lost[i] = ~block;
    }
  }

  #free(batch: EventBatch, i: number, out: ActionBatch): void {
    const pointer = batch.pointerIn[i]!;
    const block = pointer === 0 ? -1 : this.pointers.remove(pointer);
    out.block[i] = block;
    if (block >= 0) {
      out.action[i] = Action.free;
      this.#recentlyFreed.add(pointer);
      return;
    }
    out.action[i] = Action.none;
    if (pointer === 0) return;
    if (this.#recentlyFreed.has(pointer)) this.anomalies.doubleFree++;
    else this.anomalies.freeUnknown++;
  }

  #realloc(batch: EventBatch, i: number, out: ActionBatch): void {
    const from = batch.pointerIn[i]!;
    if (from === 0) this.#allocate(batch, i, Action.malloc, out);
    else if (batch.pointerOut[i] !== 0) this.#resize(batch, i, out);
    else if (batch.size[i] === 0) this.#free(batch, i, out);
    else {
      // It failed, and the block is as it was.
      if (this.pointers.find(from) < 0) this.anomalies.foreignRealloc++;
      this.#failed(i, out);
    }
  }

  #failed(i: number, out: ActionBatch): void {
    this.#threads.failed(out.thread[i]!);
    nothing(i, Action.none, out);
  }

  /** realloc of a block that gave a block: the same one by id, wherever it now is. */
  #resize(batch: EventBatch, i: number, out: ActionBatch): void {
    const from = batch.pointerIn[i]!;
    const to = batch.pointerOut[i]!;
    const block = from === to ? this.pointers.find(from) : this.pointers.detach(from);
    if (block < 0) {
      this.anomalies.foreignRealloc++;
      this.#allocate(batch, i, Action.malloc, out);
      return;
    }
    out.action[i] = Action.realloc;
    out.block[i] = block;
    if (from === to) return;
    this.#recentlyFreed.add(from);
    this.#recentlyFreed.delete(to);
    const displaced = this.pointers.attach(to, block);
    if (displaced < 0) return;
    this.anomalies.reusedLive++;
    out.action[i] = Action.realloc | LOST_FREE;
    out.lost[i] = displaced;
  }
}

function nothing(i: number, action: number, out: ActionBatch): void {
  out.action[i] = action;
  out.block[i] = -1;
}
