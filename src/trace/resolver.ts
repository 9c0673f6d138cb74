import { Action, type ActionBatch, LOST_FREE } from "./actions.ts";
import { noPointerAnomalies, type PointerAnomalies } from "./anomalies.ts";
import { type EventBatch, Op } from "./event.ts";
import { CollidingPointers } from "./order/colliding-pointers.ts";
import { LineOrder } from "./order/line-order.ts";
import { PointerTable } from "./pointer-table.ts";
import { RecentlyFreed } from "./recently-freed.ts";

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

/** PTRDIFF_MAX + 1 (2^63 − 1 itself is no double): no object can be as large, so a block of that size is a bad line. */
const IMPOSSIBLE_BYTES = 2 ** 63;

/**
 * From the log's pointers to blocks: what each event does, and to which block.
 *
 * A log is believed call by call: what a call returned is live, whatever was believed before. Where that contradicts
 * the past (an allocation returns a pointer that is live), the past is corrected: the old block's free was lost; but
 * where pointers may be cut to 32 bits, and the old block is another thread's, both live on. Where a free contradicts it
 * (there is no such block), or a block was returned for a size that none can have, the call does nothing. All are
 * counted.
 */
export class Resolver {
  readonly anomalies: PointerAnomalies = noPointerAnomalies();
  readonly pointers = new PointerTable();
  /** calls of the last batch that should have returned a block and returned NULL, by index */
  readonly failed: number[] = [];
  readonly order = new LineOrder((pointer) => this.pointers.find(pointer) >= 0);
  readonly #recentlyFreed = new RecentlyFreed();
  readonly #colliding = new CollidingPointers(this.pointers);
  #next: EventBatch | null = null;
  /** no address of the log is above 4 GiB so far: its hook may have cut them to 32 bits */
  mayBeCut = false;

  /** takes what PointerTable.warm returns, cut to an integer, which it stays */
  #warmed = 0;

  /**
   * Fills `action`, `block` and `lost`. Puts lines in order where their pointers show that they are not, for which the
   * batch that follows is wanted, too (null at the log's end).
   */
  resolve(batch: EventBatch, out: ActionBatch, next: EventBatch | null): void {
    this.#next = next;
    this.failed.length = 0;
    this.#warmed = (this.#warmed + this.pointers.warm(batch.pointerIn, batch.length)) | 0;
    this.#warmed = (this.#warmed + this.pointers.warm(batch.pointerOut, batch.length)) | 0;
    for (let i = 0; i < batch.length; i++) {
      this.#resolve(batch, i, out);
    }
  }

  #resolve(batch: EventBatch, i: number, out: ActionBatch): void {
    const op = batch.op[i]!;
    if (op === Op.free) {
      this.#free(batch, i, out);
    } else if (op === Op.realloc) {
      this.#realloc(batch, i, out);
    } else if (op <= Op.pvalloc) {
      this.#allocate(batch, i, ACTION_OF_OP[op]!, out);
    } else {
      nothing(i, ACTION_OF_OP[op]!, out);
    }
  }

  #allocate(batch: EventBatch, i: number, action: number, out: ActionBatch): void {
    const pointer = batch.pointerOut[i]!;
    if (pointer === 0) {
      this.#failed(i, out);
      return;
    }
    if (batch.size[i]! >= IMPOSSIBLE_BYTES) {
      this.#impossible(i, out);
      return;
    }
    let block = this.pointers.insert(pointer);
    if (block < 0 && this.order.repair(batch, i, this.#next, pointer, "taken")) {
      this.#resolve(batch, i, out);
      return;
    }
    if (block < 0 && this.#yield(pointer, batch.tid[i]!)) {
      block = this.pointers.insert(pointer);
    }
    if (this.mayBeCut) {
      this.#own(block < 0 ? ~block : block, batch, i);
    }
    if (block >= 0) {
      this.#recentlyFreed.delete(pointer);
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
    if (pointer === 0) {
      nothing(i, Action.none, out);
      return;
    }
    if (this.#colliding.any) {
      this.#colliding.choose(batch, i, batch.tid[i]!);
    }
    const block = this.pointers.remove(pointer);
    if (block >= 0) {
      if (this.#colliding.any) {
        this.#colliding.release(pointer);
      }
      out.action[i] = Action.free;
      out.block[i] = block;
      this.#recentlyFreed.add(pointer);
      return;
    }
    if (
      this.#isContradiction(pointer) &&
      this.order.repair(batch, i, this.#next, pointer, "given")
    ) {
      this.#resolve(batch, i, out);
      return;
    }
    nothing(i, Action.none, out);
    if (this.#recentlyFreed.has(pointer)) {
      this.anomalies.doubleFree++;
    } else {
      this.anomalies.freeUnknown++;
    }
  }

  #realloc(batch: EventBatch, i: number, out: ActionBatch): void {
    const from = batch.pointerIn[i]!;
    if (from === 0) {
      this.#allocate(batch, i, Action.malloc, out);
    } else if (batch.pointerOut[i] !== 0) {
      if (batch.size[i]! >= IMPOSSIBLE_BYTES) {
        this.#impossible(i, out);
      } else {
        this.#resize(batch, i, out);
      }
    } else if (batch.size[i] === 0) {
      this.#free(batch, i, out);
    } else {
      // It failed, and the block is as it was.
      if (this.pointers.find(from) < 0) {
        this.anomalies.foreignRealloc++;
      }
      this.#failed(i, out);
    }
  }

  /**
   * Whether `pointer`, which is taken back though nobody has it, cannot be as logged. In a log that was begun late (it
   * has shown unknown pointers) it may be of a block from before; then who is given it next is given what was freed.
   */
  #isContradiction(pointer: number): boolean {
    const { freeUnknown, foreignRealloc } = this.anomalies;
    return freeUnknown + foreignRealloc === 0 || this.#recentlyFreed.has(pointer);
  }

  /**
   * In a log of cut pointers another thread's live block at `pointer` stays, beside what thread `tid` is now given
   * there. True if so.
   */
  #yield(pointer: number, tid: number): boolean {
    const block = this.mayBeCut ? this.pointers.find(pointer) : -1;
    if (block < 0 || !this.#colliding.mayCollide(block, pointer, tid)) {
      return false;
    }
    this.anomalies.collidingPointers++;
    this.#colliding.yield(pointer);
    return true;
  }

  #own(block: number, batch: EventBatch, i: number): void {
    this.#colliding.own(block, batch.tid[i]!, batch.size[i]!);
  }

  #failed(i: number, out: ActionBatch): void {
    this.failed.push(i);
    nothing(i, Action.none, out);
  }

  #impossible(i: number, out: ActionBatch): void {
    this.anomalies.impossibleSize++;
    nothing(i, Action.none, out);
  }

  /** realloc of a block that gave a block: the same one by id, wherever it now is. */
  #resize(batch: EventBatch, i: number, out: ActionBatch): void {
    const from = batch.pointerIn[i]!;
    const to = batch.pointerOut[i]!;
    const isReused = from !== to && this.pointers.find(to) >= 0;
    if (isReused && this.order.repair(batch, i, this.#next, to, "taken")) {
      this.#resolve(batch, i, out);
      return;
    }
    const tid = batch.tid[i]!;
    if (this.#colliding.any) {
      this.#colliding.choose(batch, i, tid);
    }
    const block = from === to ? this.pointers.find(from) : this.pointers.detach(from);
    if (block < 0) {
      if (this.#isContradiction(from) && this.order.repair(batch, i, this.#next, from, "given")) {
        this.#resolve(batch, i, out);
        return;
      }
      this.anomalies.foreignRealloc++;
      this.#allocate(batch, i, Action.malloc, out);
      return;
    }
    out.action[i] = Action.realloc;
    out.block[i] = block;
    if (this.mayBeCut) {
      this.#colliding.resize(block, batch.size[i]!);
    }
    if (from === to) {
      return;
    }
    if (this.#colliding.any) {
      this.#colliding.release(from);
    }
    this.#yield(to, tid);
    this.#recentlyFreed.add(from);
    this.#recentlyFreed.delete(to);
    const displaced = this.pointers.attach(to, block);
    if (displaced < 0) {
      return;
    }
    this.anomalies.reusedLive++;
    out.action[i] = Action.realloc | LOST_FREE;
    out.lost[i] = displaced;
  }
}

function nothing(i: number, action: number, out: ActionBatch): void {
  out.action[i] = action;
  out.block[i] = -1;
}
