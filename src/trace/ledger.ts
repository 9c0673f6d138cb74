import type { ActionBatch } from "./actions.ts";
import type { AnomalyCounts } from "./anomalies.ts";
import { BlockTable } from "./blocks.ts";
import { Clock } from "./clock.ts";
import { EVENTS_PER_BATCH } from "./columns.ts";
import type { EventBatch } from "./event.ts";
import { Resolver } from "./resolver.ts";
import { PeakSeries, TimeAxis } from "./series.ts";
import { ThreadTable } from "./threads.ts";

/**
 * What the log itself says, no model: threads, blocks, live bytes over time. Feed it every batch in order; what it
 * writes beside each event is all that the models need of the log's pointers and tids.
 *
 * Each part walks the batch on its own, column by column: small loops compile better than one large one.
 */
export class Ledger {
  readonly threads = new ThreadTable();
  readonly blocks = new BlockTable(this.threads);
  readonly #resolver = new Resolver();
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
    return {
      ...this.#resolver.anomalies,
      reordered: this.clock.reordered,
      swapped: this.#resolver.order.moved,
    };
  }

  /** Whether pointers of the following batches may be the low 32 bits of longer ones: then two blocks may share one. */
  set pointersMayBeCut(mayBe: boolean) {
    this.#resolver.mayBeCut = mayBe;
  }

  /** The live block at `pointer`; -1 if there is none. */
  blockAt(pointer: number): number {
    return this.#resolver.pointers.find(pointer);
  }

  /**
   * Resolves the next batch: counts it, fills all of `out`, and puts the batch's times in order where a day ends. Calls
   * that the log shows in the wrong order change places, also with those of `next`, the batch to follow (null at the
   * log's end).
   */
  resolve(batch: EventBatch, out: ActionBatch, next: EventBatch | null): void {
    const first = this.#events;
    const timeBefore = this.clock.last;
    // First, for it is what settles the order of the lines.
    this.#resolver.resolve(batch, out, next);
    this.clock.read(batch);
    this.threads.enter(batch, out);
    for (const i of this.#resolver.failed) {
      this.threads.failed(out.thread[i]!);
    }
    this.#apply(batch, out);
    this.liveBytes.recordAll(first, this.#liveAfter, batch.length);
    this.time.recordAll(first, batch.time, batch.length);
    this.#events += batch.length;
    const peak = this.liveBytes.peakEvent - first;
    if (peak >= 0) {
      this.#peakTime = timeUpTo(batch, peak, timeBefore);
    }
  }

  /** Applies the batch to the blocks, up to the end of each point of the threads' timelines. */
  #apply(batch: EventBatch, out: ActionBatch): void {
    const { threads, blocks } = this;
    blocks.warm(out, batch.length);
    for (let from = 0; from < batch.length; ) {
      const pointEnd = threads.pointEnd - this.#events;
      const to = Math.min(batch.length, pointEnd);
      blocks.apply(batch, out, this.#liveAfter, from, to);
      if (to === pointEnd) {
        threads.closePoint();
      }
      from = to;
    }
  }
}

/** The last time that events 0..i of the batch carry, else `before`. */
function timeUpTo(batch: EventBatch, i: number, before: number): number {
  for (let at = i; at >= 0; at--) {
    if (!Number.isNaN(batch.time[at]!)) {
      return batch.time[at]!;
    }
  }
  return before;
}
