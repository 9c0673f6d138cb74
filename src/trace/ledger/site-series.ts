import type { AllocationSites } from "./allocation-sites.ts";

/** At so many samples every second one is dropped. Even, so that the last one stays. */
const MAX_SAMPLES = 32;
/** A sample reads all live blocks: so many events for each of them are between two samples. */
const EVENTS_PER_BLOCK = 0.25;
/** Samples × sites up to which no sample is dropped before there are MAX_SAMPLES. */
const MAX_VALUES = 2 ** 17;
/** Fewer samples would show no course. */
const MIN_SAMPLES = 8;

interface Sample {
  /** of the log, before it */
  readonly events: number;
  /** by site */
  readonly liveBytes: Float64Array;
}

/**
 * Live bytes of every site at some moments of the log, so that those of a call site or of a size can be added up. They are
 * summed over the live blocks, and cost nothing per event.
 */
export class SiteSeries {
  #samples: Sample[] = [];
  #nextEvents = 1;
  #eventsApart = 0;

  /** Becomes a copy of `from`. */
  copy(from: SiteSeries): void {
    // A sample never changes once it is taken.
    this.#samples = [...from.#samples];
    this.#nextEvents = from.#nextEvents;
    this.#eventsApart = from.#eventsApart;
  }

  /** Takes a sample after the log's first `events` events, if it is time for one. */
  takeIfDue(sites: AllocationSites, events: number, liveBlocks: number): void {
    if (events < this.#nextEvents) {
      return;
    }
    const liveBytes = sites.liveBytes();
    this.#samples.push({ events, liveBytes });
    const { length } = this.#samples;
    const isTooLarge = length >= MIN_SAMPLES && length * liveBytes.length > MAX_VALUES;
    if (length % 2 === 0 && (length === MAX_SAMPLES || isTooLarge)) {
      this.#samples = this.#samples.filter((_, i) => i % 2 === 1);
      this.#eventsApart = Math.floor(events / this.#samples.length);
    }
    const read = Math.ceil(liveBlocks * EVENTS_PER_BLOCK);
    this.#nextEvents = events + Math.max(1, this.#eventsApart, read);
  }

  /** Returns the events of the log up to each value of `sums`, of which the last is after all `events`. */
  events(events: number): number[] {
    return [...this.#before(events).map((sample) => sample.events), events];
  }

  /** Returns the live bytes of each group of sites at these moments. `groupOf`: the group of each site, −1 for none. */
  sums(sites: AllocationSites, groupOf: Int32Array, groups: number, events: number): number[][] {
    const points = [...this.#before(events).map(({ liveBytes }) => liveBytes), sites.liveBytes()];
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

  /** The samples without one at the log's end. */
  #before(events: number): Sample[] {
    return this.#samples.filter((sample) => sample.events < events);
  }
}
