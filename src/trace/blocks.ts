import { Action, type ActionBatch, LOST_FREE, withoutLostFree } from "./actions.ts";
import type { EventBatch } from "./event.ts";
import type { ThreadTable } from "./threads.ts";

/** Cells of a block's row: adjacent, because they are read together. A double: */
const BYTES = 0;
const STRIDE = 4;
/** Integers in the same row: */
const OWNER = 2;
const SITE = 3;
const SITE_OWNER = 4;
const EVENT = 5;
const BORN = 6;
const LINE = 7;
const INTEGERS = 8;
/** Up to this size (1 MiB) the rows stay in the processor's cache anyway. */
const CACHED_DOUBLES = 2 ** 17;
const INITIAL_BLOCKS = 1024;
/** Up to here a sum of whole numbers is exact: what was added can be subtracted again in any order. */
const MAX_LIVE_BYTES = Number.MAX_SAFE_INTEGER;

/** Requested size, owner and site of every live block, by block id, and the sums over all live blocks. */
export class BlockTable {
  readonly #threads: ThreadTable;
  /** The rows of free ids are stale. */
  #rows = new Float64Array(INITIAL_BLOCKS * STRIDE);
  /** the same rows */
  #integers = new Int32Array(this.#rows.buffer);
  /** µs on the log's clock of each block's allocation; NaN where its line has no time */
  #times = new Float64Array(INITIAL_BLOCKS);
  #excessive = 0;
  // NaN first: avoids a Smi-to-double deoptimization.
  #liveBytes = Number.NaN;
  #liveBlocks = 0;
  /** bytes of the blocks that the last batch lost, in the order of its events */
  readonly lostBytes: number[] = [];
  /** sum of what `warm` read, as an integer: V8 would optimise an unused load away */
  #warmed = 0;

  constructor(threads: ThreadTable) {
    this.#threads = threads;
    this.#liveBytes = 0;
  }

  /** Becomes a copy of `from`, with its own threads. */
  copy(from: BlockTable): void {
    this.#rows = from.#rows.slice();
    this.#integers = new Int32Array(this.#rows.buffer);
    this.#times = from.#times.slice();
    this.#liveBytes = from.#liveBytes;
    this.#liveBlocks = from.#liveBlocks;
    this.#excessive = from.#excessive;
  }

  /** requested bytes of all live blocks */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  get liveBlocks(): number {
    return this.#liveBlocks;
  }

  /** allocations that count as of 0 bytes, because no process has so many bytes live */
  get excessive(): number {
    return this.#excessive;
  }

  /** Requested bytes of live block `block`. */
  bytesOf(block: number): number {
    return this.#rows[block * STRIDE + BYTES]!;
  }

  /** Dense index of the thread that allocated live block `block`, or that last resized it by realloc. */
  ownerOf(block: number): number {
    return this.#integers[block * INTEGERS + OWNER]!;
  }

  /** Site of the call that allocated live block `block`, or that last resized it by realloc. */
  siteOf(block: number): number {
    return this.#integers[block * INTEGERS + SITE]!;
  }

  /** Line of the log with that call, modulo 2^32. */
  lineOf(block: number): number {
    return this.#integers[block * INTEGERS + LINE]! >>> 0;
  }

  /** Time of that call in µs on the log's clock; NaN when unknown. */
  timeOf(block: number): number {
    return this.#times[block]!;
  }

  /** Number of that call's event, modulo 2^32. */
  eventOf(block: number): number {
    return this.#integers[block * INTEGERS + EVENT]!;
  }

  /** How many allocations its thread had made with it, modulo 2^32. */
  bornOf(block: number): number {
    return this.#integers[block * INTEGERS + BORN]!;
  }

  /** States the site of a block, and when the call was made. */
  setSite(block: number, site: number, owner: number, event: number, born: number): void {
    const integers = this.#integers;
    const row = block * INTEGERS;
    integers[row + SITE] = site;
    integers[row + SITE_OWNER] = owner;
    integers[row + EVENT] = event;
    integers[row + BORN] = born;
  }

  /** As `ownerOf`, when `siteOf` was stated. */
  siteOwnerOf(block: number): number {
    return this.#integers[block * INTEGERS + SITE_OWNER]!;
  }

  /**
   * Applies events from..to-1 of a batch whose actions, threads and blocks are resolved. Writes `out.oldSize`, and the
   * live bytes after event i to `liveAfter[i]`.
   */
  apply(
    batch: EventBatch,
    out: ActionBatch,
    liveAfter: Float64Array,
    from: number,
    to: number,
  ): void {
    for (let i = from; i < to; i++) {
      const action = out.action[i]!;
      const block = out.block[i]!;
      out.oldSize[i] = 0;
      if (block >= 0) {
        if (action === Action.free) {
          this.#free(i, out);
        } else {
          if (action >= LOST_FREE) {
            this.#lose(out.lost[i]!, out.thread[i]!);
          }
          if (withoutLostFree(action) === Action.realloc) {
            this.#free(i, out);
          }
          this.#allocate(batch, i, out);
        }
      }
      liveAfter[i] = this.#liveBytes;
    }
  }

  /** Loads the rows of a batch into the cache: these loads overlap, those of `apply` wait for one another. */
  warm(out: ActionBatch, length: number): void {
    this.lostBytes.length = 0;
    const rows = this.#rows;
    if (rows.length <= CACHED_DOUBLES) {
      return;
    }
    let sum = 0;
    for (let i = 0; i < length; i++) {
      const row = out.block[i]! * STRIDE;
      if (row >= 0 && row < rows.length) {
        sum += rows[row]!;
      }
    }
    this.#warmed = (this.#warmed + sum) | 0;
  }

  #allocate(batch: EventBatch, i: number, out: ActionBatch): void {
    let bytes = batch.size[i]!;
    if (this.#liveBytes + bytes > MAX_LIVE_BYTES) {
      bytes = 0;
      this.#excessive++;
    }
    const thread = out.thread[i]!;
    const row = out.block[i]! * STRIDE;
    if (row >= this.#rows.length) {
      this.#grow();
    }
    const rows = this.#rows;
    rows[row + BYTES] = bytes;
    const block = out.block[i]!;
    this.#integers[block * INTEGERS + OWNER] = thread;
    this.#integers[block * INTEGERS + LINE] = batch.line[i]!;
    this.#times[block] = batch.time[i]!;
    this.#liveBytes += bytes;
    this.#liveBlocks++;
    this.#threads.allocated(thread, bytes);
  }

  #free(i: number, out: ActionBatch): void {
    const block = out.block[i]!;
    const bytes = this.bytesOf(block);
    out.oldSize[i] = bytes;
    this.#liveBytes -= bytes;
    this.#liveBlocks--;
    this.#threads.freed(out.thread[i]!, this.ownerOf(block), bytes);
  }

  /** Removes block `block`, whose free is missing: an allocation of `thread` returned its pointer. */
  #lose(block: number, thread: number): void {
    const bytes = this.bytesOf(block);
    this.lostBytes.push(bytes);
    this.#threads.reused(thread, this.ownerOf(block));
    this.#liveBytes -= bytes;
    this.#liveBlocks--;
    this.#threads.lost(this.ownerOf(block), bytes);
  }

  #grow(): void {
    const grown = new Float64Array(this.#rows.length * 2);
    grown.set(this.#rows);
    this.#rows = grown;
    this.#integers = new Int32Array(grown.buffer);
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    this.#times = times;
  }
}
