import type { RecordedRuns } from "../recorded/recorded-runs.ts";
import type { ThresholdRaises } from "../recorded/threshold-raises.ts";
import type { EventBatch } from "../trace/event.ts";

/** Where a block that raised the dynamic thresholds was freed. */
export interface RaiseSite {
  /** as in EventBatch.caller */
  readonly caller: number;
  /** µs on the log's clock; NaN when unknown */
  readonly time: number;
}

/**
 * Where the frees that raised the thresholds were called: callers are not replayed. There are few such frees: each raises the
 * threshold by a page or more, up to 32 MiB.
 */
export class RaiseSites {
  /** by line of the free */
  readonly #sites = new Map<number, RaiseSite>();

  /** To be called when the runs have replayed a batch. */
  note({ detection }: RecordedRuns, batch: EventBatch): void {
    for (const { recorded } of detection?.runs ?? []) {
      this.#note(recorded.guided.raises, batch);
    }
  }

  #note({ state: { count, line } }: ThresholdRaises, batch: EventBatch): void {
    if (count === 0 || this.#sites.has(line)) {
      return;
    }
    const row = batch.line.subarray(0, batch.length).indexOf(line);
    if (row >= 0) {
      this.#sites.set(line, { caller: batch.caller[row]!, time: batch.time[row]! });
    }
  }

  /** The site of the last of these raises; null if unknown. */
  of({ state }: ThresholdRaises): RaiseSite | null {
    return this.#sites.get(state.line) ?? null;
  }
}
