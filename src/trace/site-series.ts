import type { AllocationSites } from "./allocation-sites.ts";
import { RowSeries } from "./row-series.ts";

/** 32 points of 4096 sites: more sites have fewer points. */
const MAX_VALUES = 2 ** 17;

/**
 * Live bytes of every site over the log, as they are between two events: these add up to those of a call site or of a size.
 * They are copied at the end of each point, so that they cost nothing per event.
 */
export class SiteSeries {
  #live = new RowSeries(MAX_VALUES, "later");

  /** Becomes a copy of `from`. */
  copy(from: SiteSeries): void {
    this.#live = from.#live.clone();
  }

  get eventsPerPoint(): number {
    return this.#live.eventsPerPoint;
  }

  /** first event (0-based) beyond the open point: call `closePoint` before it */
  get pointEnd(): number {
    return this.#live.end;
  }

  /** Closes the open point after its last event. */
  closePoint(sites: AllocationSites): void {
    this.#live.close(sites.liveBytes());
  }

  /**
   * Returns the live bytes of each group of sites at the end of each point over the log's `events` events; the last point
   * may cover fewer events. `groupOf` gives the group of each site, −1 for none.
   */
  sums(sites: AllocationSites, groupOf: Int32Array, groups: number, events: number): number[][] {
    const closed = this.#live.points;
    const points = events === this.#live.start ? closed : [...closed, sites.liveBytes()];
    const sums = Array.from({ length: groups }, () => new Array<number>(points.length).fill(0));
    for (const [point, live] of points.entries()) {
      for (let site = 0; site < live.length; site++) {
        const group = groupOf[site]!;
        if (group >= 0) {
          sums[group]![point]! += live[site]!;
        }
      }
    }
    return sums;
  }
}
