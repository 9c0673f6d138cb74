import { ACTION_COLUMNS, Action, type ActionBatch, LOST_FREE } from "../actions.ts";
import { copyColumns } from "../columns.ts";
import { EVENT_COLUMNS, type EventBatch, Op } from "../event.ts";
import { CollidingPointers } from "../order/colliding-pointers.ts";
import { DisplacedCalls } from "../order/displaced-calls.ts";
import { LineOrder } from "../order/line-order.ts";
import { ADDRESS_SPACE } from "../signs/address-space.ts";
import { noPointerAnomalies, type PointerAnomalies } from "./anomalies.ts";
import type { LedgerCore } from "./ledger-core.ts";
import { PointerTable } from "./pointer-table.ts";

/** The action of each op, in the order of the ops (integer keys); realloc and free have others, too. */
const ACTION_OF_OP = Uint8Array.from(
  Object.values({
    [Op.malloc]: Action.malloc,
    [Op.calloc]: Action.calloc,
    [Op.realloc]: Action.realloc,
    [Op.memalign]: Action.memalign,
    [Op.valloc]: Action.valloc,
    [Op.pvalloc]: Action.pvalloc,
    [Op.free]: Action.free,
    [Op.mallocTrim]: Action.mallocTrim,
    [Op.mallopt]: Action.mallopt,
    [Op.threadExit]: Action.none,
    [Op.mark]: Action.none,
  } satisfies Readonly<Record<Op, Action>>),
);

const { op, size, align, pointerIn, pointerOut } = EVENT_COLUMNS;
/** What the core reads of an event, besides the alignment. */
const READ = { op, size, pointerIn, pointerOut };
const { action, block, lost } = ACTION_COLUMNS;
const RESOLVED = { action, block, lost };

/**
 * Resolves the log's pointers to blocks: the action of each event, and its block.
 *
 * A pointer that a call returned is live from then on, whatever the log showed before. If it was live already, the free
 * of the old block is missing; but if pointers may be cut to 32 bits and the old block is another thread's, both stay
 * live. A free without such a block, and an allocation whose size or alignment no process has memory for, do nothing. Each
 * case is counted.
 *
 * The core resolves calls that contradict nothing, nearly all of them (core/resolver.ts); this class resolves the others.
 */
export class Resolver {
  readonly anomalies: PointerAnomalies = noPointerAnomalies();
  readonly pointers: PointerTable;
  /** indices of the allocations of the last batch that returned NULL */
  readonly failed: number[] = [];
  readonly order = new LineOrder((pointer) => this.pointers.find(pointer) >= 0);
  readonly displaced = new DisplacedCalls();
  readonly #colliding: CollidingPointers;
  #next: EventBatch | null = null;
  /** true while no address of the log is 2^32 or above: the hook may have cut them to 32 bits */
  mayBeCut = false;

  readonly #core: LedgerCore;

  constructor(core: LedgerCore) {
    this.#core = core;
    this.pointers = new PointerTable(core);
    this.#colliding = new CollidingPointers(this.pointers);
  }

  /** Becomes a copy of `from`, between two batches, with its own core. */
  copy(from: Resolver): void {
    Object.assign(this.anomalies, from.anomalies);
    this.order.moved = from.order.moved;
    this.displaced.copy(from.displaced);
    this.#colliding.copy(from.#colliding);
    this.mayBeCut = from.mayBeCut;
  }

  /**
   * Writes `action`, `block` and `lost` of the batch. Reorders lines whose pointers show that they were logged in the
   * wrong order; lines of `next`, the batch that follows (null at the log's end), may move into this one.
   */
  resolve(batch: EventBatch, out: ActionBatch, next: EventBatch | null): void {
    this.#next = next;
    this.failed.length = 0;
    const { length } = batch;
    // Several blocks may share a pointer: only this class knows of those that the table has not.
    if (this.mayBeCut || this.#colliding.any) {
      for (let i = 0; i < length; i++) {
        this.#resolve(batch, i, out);
      }
      const { columns } = this.#core.attached;
      copyColumns({ size }, columns, batch, length);
      copyColumns(RESOLVED, columns, out, length);
      return;
    }
    this.#load(batch, 0);
    for (let i = 0; i < length; i++) {
      const stop = this.#core.calls.resolve(i, length);
      if (stop > i) {
        copyColumns({ action, block }, out, this.#core.attached.columns, stop - i, i, i);
      }
      i = stop;
      if (i < length) {
        this.#resolveHere(batch, i, out);
      }
    }
  }

  /** Copies what the core reads of rows `from` .. of the batch. */
  #load(batch: EventBatch, from: number): void {
    const { columns } = this.#core.attached;
    const { length } = batch;
    copyColumns(READ, columns, batch, length - from, from, from);
    if (batch.op.includes(Op.memalign)) {
      copyColumns({ align }, columns, batch, length - from, from, from);
    }
  }

  /** Resolves event i, which the core has left. Tells it the result, and what other lines follow. */
  #resolveHere(batch: EventBatch, i: number, out: ActionBatch): void {
    const { moved } = this.order;
    this.#resolve(batch, i, out);
    if (this.order.moved !== moved) {
      this.#load(batch, i);
    }
    copyColumns(RESOLVED, this.#core.attached.columns, out, 1, i, i);
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
    const isAligned = action === Action.memalign;
    if (batch.size[i]! >= ADDRESS_SPACE || (isAligned && batch.align[i]! >= ADDRESS_SPACE)) {
      this.#impossible(i, out);
      return;
    }
    const block = this.pointers.insert(pointer);
    if (block < 0) {
      this.#returnLive(batch, i, action, ~block, out);
    } else {
      this.#return(batch, i, action, block, out);
    }
  }

  /** An allocation returned the pointer of `block`, which is new. */
  #return(batch: EventBatch, i: number, action: number, block: number, out: ActionBatch): void {
    const pointer = batch.pointerOut[i]!;
    if (this.mayBeCut) {
      this.#own(block, batch, i);
    }
    if (this.displaced.any) {
      this.displaced.returned(pointer, batch.tid[i]!, tidAbove(batch, i));
    }
    out.action[i] = action;
    out.block[i] = block;
  }

  /** An allocation returned the pointer of `block`, which is live. */
  #returnLive(batch: EventBatch, i: number, action: number, block: number, out: ActionBatch): void {
    const pointer = batch.pointerOut[i]!;
    if (this.order.repair(batch, i, this.#next, pointer, "free")) {
      this.#resolve(batch, i, out);
      return;
    }
    if (this.#keepsBoth(pointer, batch.tid[i]!)) {
      this.#return(batch, i, action, this.pointers.insert(pointer), out);
      return;
    }
    if (this.mayBeCut) {
      this.#own(block, batch, i);
    }
    this.anomalies.reusedLive++;
    this.#core.calls.watch(pointer);
    this.displaced.returnedLive(pointer, batch.tid[i]!);
    out.action[i] = action | LOST_FREE;
    out.block[i] = block;
    out.lost[i] = block;
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
    if (block < 0) {
      this.#freeUnknown(batch, i, out);
      return;
    }
    if (this.#colliding.any) {
      this.#colliding.release(pointer);
    }
    if (this.displaced.any) {
      this.displaced.freed(pointer, batch.tid[i]!, tidAbove(batch, i));
    }
    out.action[i] = Action.free;
    out.block[i] = block;
    this.#core.calls.addFreed(pointer);
  }

  /** A free of a pointer that is not live. */
  #freeUnknown(batch: EventBatch, i: number, out: ActionBatch): void {
    const pointer = batch.pointerIn[i]!;
    if (
      this.#isContradiction(pointer) &&
      this.order.repair(batch, i, this.#next, pointer, "allocation")
    ) {
      this.#resolve(batch, i, out);
      return;
    }
    nothing(i, Action.none, out);
    if (this.#wasFreed(pointer)) {
      this.anomalies.doubleFree++;
      this.displaced.freedTwice(pointer);
    } else {
      this.anomalies.freeUnknown++;
      this.#core.calls.watch(pointer);
      this.displaced.freedUnknown(pointer, batch.tid[i]!);
    }
  }

  #realloc(batch: EventBatch, i: number, out: ActionBatch): void {
    const from = batch.pointerIn[i]!;
    if (from === 0) {
      this.#allocate(batch, i, Action.malloc, out);
    } else if (batch.pointerOut[i] !== 0) {
      if (batch.size[i]! >= ADDRESS_SPACE) {
        this.#impossible(i, out);
      } else {
        this.#resize(batch, i, out);
      }
    } else if (batch.size[i] === 0) {
      this.#free(batch, i, out);
    } else {
      // The call failed; the block is unchanged.
      if (this.pointers.find(from) < 0) {
        this.anomalies.foreignRealloc++;
      }
      this.#failed(i, out);
    }
  }

  /**
   * True if a free of `pointer`, which is not live, contradicts the log. A log that has shown unknown pointers began
   * late: there it may be a block from before the log, and a later allocation may return what this call freed.
   */
  #isContradiction(pointer: number): boolean {
    const { freeUnknown, foreignRealloc } = this.anomalies;
    return freeUnknown + foreignRealloc === 0 || this.#wasFreed(pointer);
  }

  /** True if the pointer was freed before, as far as is remembered. It must not be live. */
  #wasFreed(pointer: number): boolean {
    return this.#core.calls.wasFreed(pointer) !== 0;
  }

  /**
   * An allocation by thread `tid` returned `pointer`. True if pointers may be cut, and a live block there of another
   * thread stays live beside the new one; the table has no block at `pointer` then.
   */
  #keepsBoth(pointer: number, tid: number): boolean {
    const block = this.mayBeCut ? this.pointers.find(pointer) : -1;
    if (block < 0 || !this.#colliding.mayCollide(block, pointer, tid)) {
      return false;
    }
    this.anomalies.collidingPointers++;
    this.#colliding.setAside(pointer);
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

  /** A realloc of a block that returned a block: its id stays, also where it moved. */
  #resize(batch: EventBatch, i: number, out: ActionBatch): void {
    const from = batch.pointerIn[i]!;
    const to = batch.pointerOut[i]!;
    const isReused = from !== to && this.pointers.find(to) >= 0;
    if (isReused && this.order.repair(batch, i, this.#next, to, "free")) {
      this.#resolve(batch, i, out);
      return;
    }
    const tid = batch.tid[i]!;
    if (this.#colliding.any) {
      this.#colliding.choose(batch, i, tid);
    }
    const block = from === to ? this.pointers.find(from) : this.pointers.detach(from);
    if (block < 0) {
      if (
        this.#isContradiction(from) &&
        this.order.repair(batch, i, this.#next, from, "allocation")
      ) {
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
    this.#keepsBoth(to, tid);
    this.#core.calls.addFreed(from);
    const displaced = this.pointers.attach(to, block);
    if (displaced < 0) {
      return;
    }
    this.anomalies.reusedLive++;
    out.action[i] = Action.realloc | LOST_FREE;
    out.lost[i] = displaced;
  }
}

/** The thread of the line above line i; −1 if that is in another batch. */
function tidAbove({ tid }: EventBatch, i: number): number {
  return i > 0 ? tid[i - 1]! : -1;
}

function nothing(i: number, action: number, out: ActionBatch): void {
  out.action[i] = action;
  out.block[i] = -1;
}
