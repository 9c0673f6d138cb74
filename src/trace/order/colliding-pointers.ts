import { type EventBatch, Op } from "../event.ts";
import type { PointerTable } from "../ledger/pointer-table.ts";

const INITIAL_BLOCKS = 1024;
/**
 * Live blocks that may share a pointer: those of 256 GiB of heap at the same address modulo 4 GiB. If more do, the hook
 * misses frees.
 */
const MAX_ALIKE = 64;

/**
 * Live blocks that share a pointer, in logs whose hook cut pointers to 32 bits: heaps may lie a multiple of 4 GiB apart.
 * The table holds the newest block at a pointer; the others wait here.
 *
 * The log does not state which of them a free or realloc means, but it has evidence: the next allocation that returns the
 * pointer. Its thread mostly allocates from its own arena, and its size is mostly that of the block freed there. Besides,
 * a thread mostly frees blocks of its own. Without evidence, the oldest block is chosen.
 */
export class CollidingPointers {
  readonly #table: PointerTable;
  /** by pointer, the live blocks other than the one in the table, oldest first */
  readonly #waiting = new Map<number, number[]>();
  /** by block id, tid of the thread that allocated it: realloc by another thread leaves a block in its arena (§5.1) */
  #owners = new Int32Array(INITIAL_BLOCKS);
  /** requested bytes, by block id */
  #bytes = new Float64Array(INITIAL_BLOCKS);

  constructor(table: PointerTable) {
    this.#table = table;
  }

  /** Becomes a copy of `from`, with its own table. */
  copy(from: CollidingPointers): void {
    this.#waiting.clear();
    for (const [pointer, blocks] of from.#waiting) {
      this.#waiting.set(pointer, [...blocks]);
    }
    this.#owners = from.#owners.slice();
    this.#bytes = from.#bytes.slice();
  }

  /** True while any pointer is shared. */
  get any(): boolean {
    return this.#waiting.size > 0;
  }

  /** Notes that thread `tid` allocated block `block` with `bytes` requested bytes. */
  own(block: number, tid: number, bytes: number): void {
    if (block >= this.#owners.length) {
      const length = Math.max(block + 1, this.#owners.length * 2);
      const owners = new Int32Array(length);
      owners.set(this.#owners);
      this.#owners = owners;
      const sizes = new Float64Array(length);
      sizes.set(this.#bytes);
      this.#bytes = sizes;
    }
    this.#owners[block] = tid;
    this.#bytes[block] = bytes;
  }

  /** Notes the new requested size of block `block`. */
  resize(block: number, bytes: number): void {
    this.#bytes[block] = bytes;
  }

  /**
   * True if live block `block` may stay live although an allocation by thread `tid` returned its pointer. If the block
   * is the thread's own, the thread must have freed it; and at most MAX_ALIKE blocks may share a pointer.
   */
  mayCollide(block: number, pointer: number, tid: number): boolean {
    const waiting = this.#waiting.get(pointer)?.length ?? 0;
    return this.#owners[block] !== tid && waiting + 1 < MAX_ALIKE;
  }

  /** Moves the block in the table at `pointer` to those that wait, so that another can be added there. */
  setAside(pointer: number): void {
    const block = this.#table.detach(pointer);
    if (block < 0) {
      return;
    }
    const waiting = this.#waiting.get(pointer);
    if (waiting === undefined) {
      this.#waiting.set(pointer, [block]);
    } else {
      waiting.push(block);
    }
  }

  /** Event `i`, by thread `tid`, frees or resizes one of the blocks at its pointer: puts that one into the table. */
  choose(batch: EventBatch, i: number, tid: number): void {
    const pointer = batch.pointerIn[i]!;
    const waiting = this.#waiting.get(pointer);
    if (waiting === undefined) {
      return;
    }
    const newest = this.#table.detach(pointer);
    if (newest >= 0) {
      waiting.push(newest);
    }
    const chosen = this.#likeliest(waiting, nextAllocation(batch, i), batch, tid);
    waiting.splice(waiting.indexOf(chosen), 1);
    this.#table.attach(pointer, chosen);
  }

  /** The block in the table at `pointer` is freed or moved: the newest of those that wait replaces it. */
  release(pointer: number): void {
    const waiting = this.#waiting.get(pointer);
    const next = waiting?.pop();
    if (next !== undefined) {
      this.#table.attach(pointer, next);
    }
    if (waiting?.length === 0) {
      this.#waiting.delete(pointer);
    }
  }

  /** The one of `blocks`, oldest first, that thread `tid` means; event `next` allocates its place next (−1: unknown). */
  #likeliest(blocks: readonly number[], next: number, batch: EventBatch, tid: number): number {
    const among = next < 0 ? blocks : this.#fitting(blocks, batch.tid[next]!, batch.size[next]!);
    return among.findLast((block) => this.#owners[block] === tid) ?? among[0]!;
  }

  /** Those of `blocks` whose place fits an allocation of `bytes` by thread `tid` best. */
  #fitting(blocks: readonly number[], tid: number, bytes: number): readonly number[] {
    const own = blocks.filter((block) => this.#owners[block] === tid);
    const among = own.length > 0 ? own : blocks;
    const alike = among.filter((block) => granulesOf(this.#bytes[block]!) === granulesOf(bytes));
    return alike.length > 0 ? alike : among;
  }
}

/** The event of the batch that next allocates the pointer that event `i` frees; −1 if unknown. */
function nextAllocation(batch: EventBatch, i: number): number {
  const pointer = batch.pointerIn[i]!;
  for (let next = i + 1; next < batch.length; next++) {
    if (batch.pointerOut[next] === pointer && batch.pointerIn[next] !== pointer) {
      return next;
    }
    // Another of the blocks is freed: a later allocation may reuse the place of that one.
    if (batch.pointerIn[next] === pointer && batch.op[next] !== Op.mark) {
      return -1;
    }
  }
  return -1;
}

/** Chunk size of a request, in units of 16 bytes: the request and 8 bytes of header, rounded up. */
function granulesOf(bytes: number): number {
  return Math.max(2, Math.floor((bytes + 23) / 16));
}
