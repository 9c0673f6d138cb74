import { Action, type ActionBatch, LOST_FREE, withoutLostFree } from "./actions.ts";
import { EVENTS_PER_BATCH } from "./columns.ts";
import type { EventBatch } from "./event.ts";
import type { ThreadTable } from "./threads.ts";

/** Cells of a block's row: adjacent, because they are read together. A double: */
const BYTES = 0;
/** Doubles of a row; of one without what AllocationSites writes, where calls are not remembered. */
const STRIDE = 4;
const SHORT_STRIDE = 2;
/** Integers in the same row; from `site` to `born` AllocationSites writes them. */
export const BLOCK = {
  owner: 2,
  /** ~site of the call that allocated it, or that last resized it by realloc; 0: no block is live */
  site: 3,
  /** peaks of the process before that call, modulo 2^32 */
  epoch: 4,
  /** number of its event, modulo 2^32 */
  event: 5,
  /** how many allocations its thread had made with it, modulo 2^32 */
  born: 6,
  /** number of its line, modulo 2^32 */
  line: 7,
  /** integers of a row */
  integers: 8,
} as const;
/** Up to this size (1 MiB) the rows stay in the processor's cache anyway. */
const CACHED_DOUBLES = 2 ** 17;
const INITIAL_BLOCKS = 1024;
/** Up to here a sum of whole numbers is exact: what was added can be subtracted again in any order. */
const MAX_LIVE_BYTES = Number.MAX_SAFE_INTEGER;

/** Requested size, owner and site of every live block, by block id, and the sums over all live blocks. */
export class BlockTable {
  readonly #threads: ThreadTable;
  readonly #remembersCalls: boolean;
  /** doubles of a row */
  readonly #stride: number;
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
  /** bytes of the blocks lost since `warm`, in the order of the events */
  readonly lostBytes: number[] = [];
  /** of each free and realloc of the batch: owner of the block before it */
  readonly oldOwners = new Int32Array(EVENTS_PER_BATCH);
  /** sum of what `warm` read, as an integer: V8 would optimise an unused load away */
  #warmed = 0;

  /** `remembersCalls`: false to leave out the lines and times of the calls */
  constructor(threads: ThreadTable, remembersCalls = true) {
    this.#threads = threads;
    this.#remembersCalls = remembersCalls;
    this.#stride = remembersCalls ? STRIDE : SHORT_STRIDE;
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
    return this.#rows[block * this.#stride + BYTES]!;
  }

  /** Dense index of the thread that allocated live block `block`, or that last resized it by realloc. */
  ownerOf(block: number): number {
    return this.#integers[block * 2 * this.#stride + BLOCK.owner]!;
  }

  /** Site of the call that allocated live block `block`, or that last resized it by realloc. */
  siteOf(block: number): number {
    return ~this.#integers[block * BLOCK.integers + BLOCK.site]!;
  }

  /** Line of the log with that call, modulo 2^32. */
  lineOf(block: number): number {
    return this.#integers[block * 2 * this.#stride + BLOCK.line]! >>> 0;
  }

  /** Number of that call's event, modulo 2^32. */
  eventOf(block: number): number {
    return this.#integers[block * BLOCK.integers + BLOCK.event]! >>> 0;
  }

  /** Time of that call in µs on the log's clock; NaN when unknown. */
  timeOf(block: number): number {
    return this.#times[block]!;
  }

  /** The rows as integers, until the next `apply`. */
  get integers(): Int32Array {
    return this.#integers;
  }

  /** Ids are below this. */
  get idLimit(): number {
    return this.#rows.length / this.#stride;
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

  /** Loads the rows of events from..to-1 into the cache: these loads overlap, those of `apply` wait for one another. */
  warm(out: ActionBatch, from: number, to: number): void {
    this.lostBytes.length = 0;
    const rows = this.#rows;
    if (rows.length <= CACHED_DOUBLES) {
      return;
    }
    let sum = 0;
    for (let i = from; i < to; i++) {
      const row = out.block[i]! * this.#stride;
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
    const row = out.block[i]! * this.#stride;
    if (row >= this.#rows.length) {
      this.#grow();
    }
    const rows = this.#rows;
    rows[row + BYTES] = bytes;
    const block = out.block[i]!;
    this.#integers[block * 2 * this.#stride + BLOCK.owner] = thread;
    if (this.#remembersCalls) {
      this.#integers[block * 2 * this.#stride + BLOCK.line] = batch.line[i]!;
      this.#times[block] = batch.time[i]!;
    }
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
    const owner = this.ownerOf(block);
    this.oldOwners[i] = owner;
    this.#threads.freed(out.thread[i]!, owner, bytes);
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
    if (this.#remembersCalls) {
      const times = new Float64Array(this.#times.length * 2);
      times.set(this.#times);
      this.#times = times;
    }
  }
}
