import { type EventBatch, Op } from "../event.ts";
import type { PointerTable } from "../pointer-table.ts";

const INITIAL_BLOCKS = 1024;
/**
 * Blocks that may share a pointer: as many as a heap of 256 GiB has places alike modulo 4 GiB. A pointer handed out more
 * often than that is of a hook that misses frees.
 */
const MOST_ALIKE = 64;

/**
 * Live blocks that share a pointer, in logs whose hook cut pointers to 32 bits: heaps may lie a multiple of 4 GiB
 * apart. The table holds the newest; the others wait here.
 *
 * Which of them a free or realloc means the log does not tell, but it may show: whom the pointer is next handed out to,
 * for a thread is mostly given places of its own arena, and for how many bytes, most often as many as were freed there.
 * And a thread mostly frees blocks of its own. Where nothing decides, the oldest is taken.
 */
export class CollidingPointers {
  readonly #table: PointerTable;
  /** blocks behind the one in the table, oldest first */
  readonly #behind = new Map<number, number[]>();
  /** tid of the thread that allocated a block, by block id; realloc by another leaves a block in its arena (§5.1) */
  #owners = new Int32Array(INITIAL_BLOCKS);
  /** requested bytes, by block id */
  #bytes = new Float64Array(INITIAL_BLOCKS);

  constructor(table: PointerTable) {
    this.#table = table;
  }

  /** Block `block`, of `bytes` requested bytes, is thread `tid`'s. */
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

  /**
   * True if live `block`, at `pointer`, and what thread `tid` is now given there may be two: a thread that is given the
   * place of its own block must have freed it, and so must one of very many.
   */
  mayCollide(block: number, pointer: number, tid: number): boolean {
    const behind = this.#behind.get(pointer)?.length ?? 0;
    return this.#owners[block] !== tid && behind + 1 < MOST_ALIKE;
  }

  /** Makes room in the table at `pointer` for another live block. */
  yield(pointer: number): void {
    const block = this.#table.detach(pointer);
    if (block < 0) {
      return;
    }
    const behind = this.#behind.get(pointer);
    if (behind === undefined) {
      this.#behind.set(pointer, [block]);
    } else {
      behind.push(block);
    }
  }

  /** Block `block` is of `bytes` requested bytes now. */
  resize(block: number, bytes: number): void {
    this.#bytes[block] = bytes;
  }

  /** Event `i`, by thread `tid`, frees or resizes one of the blocks at its pointer: puts that one into the table. */
  choose(batch: EventBatch, i: number, tid: number): void {
    const pointer = batch.pointerIn[i]!;
    const behind = this.#behind.get(pointer);
    if (behind === undefined) {
      return;
    }
    const newest = this.#table.detach(pointer);
    if (newest >= 0) {
      behind.push(newest);
    }
    const chosen = this.#meant(behind, nextAt(batch, i), batch, tid);
    behind.splice(behind.indexOf(chosen), 1);
    this.#table.attach(pointer, chosen);
  }

  /** Which of `blocks`, oldest first, thread `tid` means; event `next` is next given their place, −1 if none is known. */
  #meant(blocks: readonly number[], next: number, batch: EventBatch, tid: number): number {
    const among = next < 0 ? blocks : this.#fitting(blocks, batch.tid[next]!, batch.size[next]!);
    return among.findLast((block) => this.#owners[block] === tid) ?? among[0]!;
  }

  /** Those of `blocks` in whose place thread `tid` may then be given `bytes`; all, if it may in none's. */
  #fitting(blocks: readonly number[], tid: number, bytes: number): readonly number[] {
    const own = blocks.filter((block) => this.#owners[block] === tid);
    const among = own.length > 0 ? own : blocks;
    const alike = among.filter((block) => chunkOf(this.#bytes[block]!) === chunkOf(bytes));
    return alike.length > 0 ? alike : among;
  }

  /** The block in the table at `pointer` is gone: the newest of those behind it takes its place. */
  release(pointer: number): void {
    const behind = this.#behind.get(pointer);
    const next = behind?.pop();
    if (next !== undefined) {
      this.#table.attach(pointer, next);
    }
    if (behind?.length === 0) {
      this.#behind.delete(pointer);
    }
  }

  /** True while any pointer is shared. */
  get any(): boolean {
    return this.#behind.size > 0;
  }
}

/** The event of the batch that is next handed out the pointer that event `i` frees; −1 if none is. */
function nextAt(batch: EventBatch, i: number): number {
  const pointer = batch.pointerIn[i]!;
  for (let next = i + 1; next < batch.length; next++) {
    if (batch.pointerOut[next] === pointer && batch.pointerIn[next] !== pointer) {
      return next;
    }
    // Another of the blocks goes: what is handed out from then on may be in its place.
    if (batch.pointerIn[next] === pointer && batch.op[next] !== Op.mark) {
      return -1;
    }
  }
  return -1;
}

/** Requests of the same kind of chunk: multiples of 16 with the 8 bytes of the header. */
function chunkOf(bytes: number): number {
  return Math.max(2, Math.floor((bytes + 23) / 16));
}
