import type { ActionBatch } from "./actions.ts";
import type { AnomalyCounts } from "./anomalies.ts";
import { BlockTable } from "./blocks.ts";
import { Clock } from "./clock.ts";
import { EVENTS_PER_BATCH, type EventBatch } from "./event.ts";
import { Resolver } from "./resolver.ts";
import { ThreadTable } from "./threads.ts";
import { PeakSeries, TimeAxis } from "./timeline.ts";

/** A block that the log shows live, for what is told about blocks at the end. */
export interface LiveBlock {
  readonly block: number;
  readonly pointer: number;
  /** requested bytes */
  readonly bytes: number;
  /** dense index of the thread that allocated it, or was the last to realloc it */
  readonly owner: number;
  /** return address of that call; 0 where the log carries none */
  readonly caller: number;
}

/**
 * What the log itself says, no model: threads, blocks, live bytes over time. Feed it every batch in order; what it
 * writes beside each event is all that the models need of the log's pointers and tids.
 *
 * Each part walks the batch on its own, column by column: small loops compile better than one large one.
 */
export class Ledger {
  readonly threads = new ThreadTable();
  readonly blocks = new BlockTable(this.threads);
  readonly #resolver = new Resolver(this.threads);
  readonly clock = new Clock();
  /** live bytes after each event; its `peak` and `peakEvent` are exact */
  readonly liveBytes = new PeakSeries();
  readonly time = new TimeAxis();
  readonly #liveAfter = new Float64Array(EVENTS_PER_BATCH);
  #events = 0;
  #peakTime = Number.NaN;

  /** events so far, marks and thread exits included; the next one has this 0-based number */
  get events(): number {
    return this.#events;
  }

  /** the clock when live bytes first reached their peak, in µs; NaN when no line had carried a time by then */
  get peakTime(): number {
    return this.#peakTime;
  }

  get anomalies(): AnomalyCounts {
    return { ...this.#resolver.anomalies, reordered: this.clock.reordered };
  }

  /** block ids handed out so far are 0 .. blockIdLimit − 1: what columns kept by block id must hold */
  get blockIdLimit(): number {
    return this.#resolver.pointers.idLimit;
  }

  /** The live block at `pointer`; -1 if there is none. */
  blockAt(pointer: number): number {
    return this.#resolver.pointers.find(pointer);
  }

  /** Visits every live block, in no particular order. */
  forEachLive(visit: (block: LiveBlock) => void): void {
    const { blocks } = this;
    this.#resolver.pointers.forEach((block, pointer) => {
      const [bytes, owner] = [blocks.bytesOf(block), blocks.ownerOf(block)];
      visit({ block, pointer, bytes, owner, caller: blocks.callerOf(block) });
    });
  }

  /** Resolves the next batch: counts it, and fills all of `out`. */
  resolve(batch: EventBatch, out: ActionBatch): void {
    const first = this.#events;
    const timeBefore = this.clock.last;
    this.threads.enter(batch, out);
    this.clock.read(batch);
    this.#resolver.resolve(batch, out);
    this.blocks.apply(batch, out, this.#liveAfter);
    this.liveBytes.recordAll(first, this.#liveAfter, batch.length);
    this.time.recordAll(first, batch.time, batch.length);
    this.#events += batch.length;
    const peak = this.liveBytes.peakEvent - first;
    if (peak >= 0) this.#peakTime = timeUpTo(batch, peak, timeBefore);
  }
}

/** The last time that events 0..i of the batch carry, else `before`. */
function timeUpTo(batch: EventBatch, i: number, before: number): number {
  for (let at = i; at >= 0; at--) if (!Number.isNaN(batch.time[at]!)) return batch.time[at]!;
  return before;
}
