import type { StateImage } from "../../wasm/state-image.ts";
import type { ActionBatch } from "../actions.ts";
import { Clock } from "../clock.ts";
import type { EventBatch } from "../event.ts";
import { AllocationSites } from "./allocation-sites.ts";
import type { AnomalyCounts } from "./anomalies.ts";
import { BlockTable } from "./blocks.ts";
import { LedgerCore } from "./ledger-core.ts";
import { Resolver } from "./resolver.ts";
import { PeakSeries, TimeAxis } from "./series.ts";
import { LIMITS, type SiteLimits } from "./site-limits.ts";
import { SiteSeries } from "./site-series.ts";
import { ThreadTable } from "./threads.ts";

/** The rows of so many events stay in the processor's cache from one step to the next. */
const EVENTS_AHEAD = 1024;

/** What a ledger keeps beyond threads, blocks and series: all of it, unless an option says otherwise. */
export interface LedgerOptions {
  /** false: `sites` stays empty, which without a model takes a third less time */
  readonly countsSites?: boolean;
  /** false: `siteSeries` stays empty */
  readonly samples?: boolean;
  /** of the call sites that are told apart: by default enough for all but made-up logs */
  readonly limits?: SiteLimits;
}

/**
 * What the log itself states, without a model: threads, blocks, live bytes over time. What it writes to the ActionBatch
 * replaces the log's pointers and tids for the models.
 *
 * Every batch passes five steps: `resolveBlocks`, `readClock`, `countThreads`, `applyBlocks` and `recordSeries`, in the
 * order of pipeline/passes.ts. Each is a pass over the columns of its own: small loops compile better than one large loop.
 */
export class Ledger {
  readonly #core: LedgerCore;
  readonly threads: ThreadTable;
  readonly blocks: BlockTable;
  readonly sites: AllocationSites;
  readonly siteSeries = new SiteSeries();
  readonly #resolver: Resolver;
  readonly clock = new Clock();
  /** live bytes after each event; `peak` and `peakEvent` are exact */
  readonly liveBytes = new PeakSeries();
  readonly time = new TimeAxis();
  #events = 0;
  /** `clock.last` before the batch */
  #timeBefore = Number.NaN;
  #peakTime = Number.NaN;

  readonly #countsSites: boolean;
  readonly #samplesSites: boolean;

  constructor({ countsSites = true, samples = true, limits = LIMITS }: LedgerOptions = {}) {
    this.#countsSites = countsSites;
    this.#samplesSites = countsSites && samples;
    this.#core = new LedgerCore(limits);
    this.threads = new ThreadTable(this.#core);
    this.blocks = new BlockTable(this.#core);
    this.sites = new AllocationSites(this.#core, this.blocks);
    this.#resolver = new Resolver(this.#core);
  }

  /** Becomes a copy of `from`, between two batches. */
  copy(from: Ledger): void {
    this.#core.copy(from.#core);
    this.threads.copy(from.threads);
    this.siteSeries.copy(from.siteSeries);
    this.#resolver.copy(from.#resolver);
    this.clock.copy(from.clock);
    this.liveBytes.copy(from.liveBytes);
    this.time.copy(from.time);
    this.#events = from.#events;
    this.#timeBefore = from.#timeBefore;
    this.#peakTime = from.#peakTime;
  }

  /** Its tables, which a copy has alike. */
  image(): StateImage {
    return this.#core.image(null);
  }

  /** events so far, including marks and thread exits; the 0-based number of the next event */
  get events(): number {
    return this.#events;
  }

  /** time at which live bytes first reached their peak, in µs; NaN if no line up to there carries a time */
  get peakTime(): number {
    return this.#peakTime;
  }

  get anomalies(): AnomalyCounts {
    const { anomalies } = this.#resolver;
    return {
      ...anomalies,
      impossibleSize: anomalies.impossibleSize + this.blocks.excessive,
      reordered: this.clock.reordered,
      swapped: this.#resolver.order.moved,
    };
  }

  /** calls in the wrong place, by more than a hook without buffers explains */
  get displacedCalls(): number {
    return this.#resolver.displaced.found;
  }

  /** True if these calls are so many that lost lines do not explain them. */
  get showsLostOrder(): boolean {
    const { displaced, anomalies } = this.#resolver;
    return displaced.showLostOrder(anomalies.reusedLive + anomalies.doubleFree);
  }

  /** Whether the pointers of the following batches may be cut to their low 32 bits: then two blocks may share one. */
  set pointersMayBeCut(mayBe: boolean) {
    this.#resolver.mayBeCut = mayBe;
  }

  /** The live block at `pointer`; −1 if there is none. */
  blockAt(pointer: number): number {
    return this.#resolver.pointers.find(pointer);
  }

  /**
   * Resolves pointers to blocks. Needs all batches before. Repairs the order of the lines of `batch`, also with lines of
   * `next` (the batch that follows, null at the log's end); writes `out.action`, `out.block` and `out.lost`.
   */
  resolveBlocks(batch: EventBatch, out: ActionBatch, next: EventBatch | null): void {
    this.#resolver.resolve(batch, out, next);
  }

  /** Needs the order of the lines (`resolveBlocks`). Rewrites `batch.time` to a clock that runs on past midnight. */
  readClock(batch: EventBatch): void {
    this.clock.read(batch);
  }

  /** Needs `resolveBlocks` and `readClock`. Writes `out.thread`; counts lines and failed calls of each thread. */
  countThreads(batch: EventBatch, out: ActionBatch): void {
    this.threads.enter(batch, out);
    for (const i of this.#resolver.failed) {
      this.threads.failed(out.thread[i]!);
    }
  }

  /**
   * Needs `resolveBlocks` and `countThreads` right before. Writes `out.oldSize`; applies the batch to live blocks and live bytes, of
   * each thread and call site too.
   */
  applyBlocks(batch: EventBatch, out: ActionBatch): void {
    const { threads, blocks, sites, siteSeries } = this;
    blocks.load(batch);
    if (this.#countsSites) {
      sites.load(batch);
    }
    for (let from = 0; from < batch.length; ) {
      // A point of the threads' timelines is closed between two events.
      const pointEnd = threads.pointEnd - this.#events;
      const to = Math.min(batch.length, pointEnd, from + EVENTS_AHEAD);
      blocks.apply(from, to);
      if (this.#countsSites) {
        sites.count(from, to);
      }
      if (to === pointEnd) {
        threads.closePoint();
      }
      if (this.#samplesSites) {
        siteSeries.takeIfDue(sites, this.#events + to, blocks.liveBlocks);
      }
      from = to;
    }
    blocks.store(out, batch.length);
  }

  /** Needs `readClock` and `applyBlocks`. Records the series `liveBytes` and `time`; counts the events of the batch. */
  recordSeries(batch: EventBatch): void {
    const first = this.#events;
    this.liveBytes.recordAll(first, this.#core.attached.columns.liveAfter, batch.length);
    this.time.recordAll(first, batch.time, batch.length);
    const peak = this.liveBytes.peakEvent - first;
    if (peak >= 0) {
      this.#peakTime = timeUpTo(batch, peak, this.#timeBefore);
    }
    this.#events += batch.length;
    this.#timeBefore = this.clock.last;
  }
}

/** The last time that an event 0..i of the batch carries; `before` if none does. */
function timeUpTo(batch: EventBatch, i: number, before: number): number {
  for (let at = i; at >= 0; at--) {
    if (!Number.isNaN(batch.time[at]!)) {
      return batch.time[at]!;
    }
  }
  return before;
}
