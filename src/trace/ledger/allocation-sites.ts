import { copyColumns } from "../columns.ts";
import { EVENT_COLUMNS, type EventBatch } from "../event.ts";
import type { BlockTable } from "./blocks.ts";
import { CallerLifetimes } from "./caller-lifetimes.ts";
import type { LedgerCore } from "./ledger-core.ts";
import type { PinnedBytes, SiteTable } from "./site-table.ts";

/** Doubles of a row of the core (core/allocation-sites.ts). */
const CALLER = 0;
const SIZE = 1;
const CALLS = 2;
const VOLUME = 3;
const GONE = 4;
const LIVE = 5;
/** Words of the same row. */
const THREAD = 12;
const EPOCH = 14;
const TEMPORARY = 15;

const { caller } = EVENT_COLUMNS;
/** What the core reads of an event, besides what BlockTable has loaded. */
const READ = { caller };

/**
 * Who allocates: a row for each call site, requested size and thread. A block belongs to the call that allocated it or
 * last resized it. Memory is bounded: a log with too many different keys has rows that stand for many.
 *
 * What a site has live is summed over the live blocks when it is asked for. What it had live at the peak, which is known only
 * afterwards, are the blocks of that moment: those that are still live, and those freed since. So most frees change no row.
 */
export class AllocationSites {
  readonly #core: LedgerCore;
  readonly #blocks: BlockTable;
  readonly lifetimes: CallerLifetimes;

  constructor(core: LedgerCore, blocks: BlockTable) {
    this.#core = core;
    this.#blocks = blocks;
    this.lifetimes = new CallerLifetimes(core);
  }

  get size(): number {
    return this.#core.calls.siteCount();
  }

  /** The caller of a site; ANY_CALLER if it stands for several. */
  callerOf(site: number): number {
    const { calls, f64 } = this.#core.attached;
    return f64[(calls.siteRow(site) >>> 0) / 8 + CALLER]!;
  }

  /** Loads the batch that the blocks have loaded, to count its events. */
  load(batch: EventBatch): void {
    copyColumns(READ, this.#core.attached.columns, batch, batch.length);
  }

  /** Counts events from..to-1 of the batch, which have just been applied to the blocks. */
  count(from: number, to: number): void {
    this.#core.calls.count(from, to);
  }

  /** The live bytes of each site. */
  liveBytes(): Float64Array {
    this.#core.calls.sumLive();
    return this.#doubles(LIVE);
  }

  /** A copy of all sites. `pinned`: the blocks below which free memory lies, and how much of it is resident. */
  table(pinned: readonly PinnedBytes[] = []): SiteTable {
    const peaks = this.#core.calls.peaks();
    const epochs = this.#words(EPOCH);
    const liveAtPeakBytes = this.#doubles(GONE).map((gone, site) =>
      epochs[site] === peaks ? gone : 0,
    );
    const pinnedBytes = new Float64Array(this.size);
    for (const { block, bytes } of pinned) {
      pinnedBytes[this.#blocks.siteOf(block)]! += bytes;
    }
    return {
      caller: this.#doubles(CALLER),
      size: this.#doubles(SIZE),
      thread: this.#words(THREAD),
      calls: this.#doubles(CALLS),
      volumeBytes: this.#doubles(VOLUME),
      ...this.#live(liveAtPeakBytes, peaks),
      pinnedBytes,
      temporaryCalls: this.#words(TEMPORARY).map((calls) => calls >>> 0),
    };
  }

  /** Sums the live blocks. Adds those of the last peak to `liveAtPeakBytes`. */
  #live(
    liveAtPeakBytes: Float64Array,
    peaks: number,
  ): Pick<SiteTable, "liveBytes" | "liveBlocks" | "liveAtPeakBytes"> {
    const liveBytes = new Float64Array(this.size);
    const liveBlocks = new Float64Array(this.size);
    this.#blocks.eachLive((site, bytes, epoch) => {
      liveBytes[site]! += bytes;
      liveBlocks[site]!++;
      if (epoch !== peaks) {
        liveAtPeakBytes[site]! += bytes;
      }
    });
    return { liveBytes, liveBlocks, liveAtPeakBytes };
  }

  #doubles(cell: number): Float64Array {
    const { calls, f64 } = this.#core.attached;
    const column = new Float64Array(this.size);
    for (let site = 0; site < column.length; site++) {
      column[site] = f64[(calls.siteRow(site) >>> 0) / 8 + cell]!;
    }
    return column;
  }

  #words(cell: number): Float64Array {
    const { calls, i32 } = this.#core.attached;
    const column = new Float64Array(this.size);
    for (let site = 0; site < column.length; site++) {
      column[site] = i32[(calls.siteRow(site) >>> 0) / 4 + cell]!;
    }
    return column;
  }
}
