import { ACTION_COLUMNS, type ActionBatch } from "../actions.ts";
import { copyColumns } from "../columns.ts";
import { EVENT_COLUMNS, type EventBatch } from "../event.ts";
import type { LedgerCore } from "./ledger-core.ts";

/** Doubles of a row of the core (core/block-rows.ts). */
const BYTES = 1;
const TIME = 2;
/** Words of the same row. */
const OWNER = 6;
const SITE = 7;
const EPOCH = 8;
const EVENT = 9;
const LINE = 11;

const { line } = EVENT_COLUMNS;
const { oldSize } = ACTION_COLUMNS;
/** What the core reads of an event, besides what it has from the passes before. */
const READ = { line };
/** What the core writes. */
const WRITTEN = { oldSize };

/** Requested size, owner and call of every live block, by block id, and the sums over all live blocks. */
export class BlockTable {
  readonly #core: LedgerCore;

  constructor(core: LedgerCore) {
    this.#core = core;
  }

  /** requested bytes of all live blocks */
  get liveBytes(): number {
    return this.#core.calls.liveBytes();
  }

  get liveBlocks(): number {
    return this.#core.calls.liveBlocks();
  }

  /** allocations that count as of 0 bytes, because no process has so many bytes live */
  get excessive(): number {
    return this.#core.calls.excessive();
  }

  /** Requested bytes of live block `block`. */
  bytesOf(block: number): number {
    return this.#double(block, BYTES);
  }

  /** Dense index of the thread that allocated live block `block`, or that last resized it by realloc. */
  ownerOf(block: number): number {
    return this.#word(block, OWNER);
  }

  /** Site of the call that allocated live block `block`, or that last resized it by realloc. */
  siteOf(block: number): number {
    return ~this.#word(block, SITE);
  }

  /** Line of the log with that call, modulo 2^32. */
  lineOf(block: number): number {
    return this.#word(block, LINE) >>> 0;
  }

  /** Number of that call's event, modulo 2^32. */
  eventOf(block: number): number {
    return this.#word(block, EVENT) >>> 0;
  }

  /** Time of that call in µs on the log's clock; NaN when unknown. */
  timeOf(block: number): number {
    return this.#double(block, TIME);
  }

  /** Calls `visit` for every live block: `epoch` is the number of peaks of the process before its call, modulo 2^32. */
  eachLive(visit: (site: number, bytes: number, epoch: number) => void): void {
    const { calls, i32, f64 } = this.#core.attached;
    const limit = calls.idLimit();
    for (let block = 0; block < limit; block++) {
      const row = calls.rowOf(block) >>> 0;
      const site = i32[row / 4 + SITE]!;
      if (site !== 0) {
        visit(~site, f64[row / 8 + BYTES]!, i32[row / 4 + EPOCH]!);
      }
    }
  }

  /** Loads the batch whose blocks have just been resolved, and threads counted, to apply its events. */
  load(batch: EventBatch): void {
    copyColumns(READ, this.#core.attached.columns, batch, batch.length);
  }

  /** Applies events from..to-1 of the batch. */
  apply(from: number, to: number): void {
    this.#core.calls.apply(from, to);
  }

  /** Writes `out.oldSize` of a batch that has been applied. */
  store(out: ActionBatch, length: number): void {
    copyColumns(WRITTEN, out, this.#core.attached.columns, length);
  }

  #double(block: number, cell: number): number {
    const { calls, f64 } = this.#core.attached;
    return f64[(calls.rowOf(block) >>> 0) / 8 + cell]!;
  }

  #word(block: number, cell: number): number {
    const { calls, i32 } = this.#core.attached;
    return i32[(calls.rowOf(block) >>> 0) / 4 + cell]!;
  }
}
