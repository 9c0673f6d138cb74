import { places } from "../ptmalloc/core-layout.ts";
import type { Core, Instance } from "../ptmalloc/core-module.ts";
import { SERIES, SERIES_BYTES } from "./replay-state.ts";

/** Fields of core/peak-series.ts. */
export const SERIES_FIELDS = {
  last: "f64",
  peak: "f64",
  peakEvent: "f64",
  end: "f64",
  newest: "f64",
  eventsPerPoint: "f64",
  points: "i32",
  length: "i32",
  room: "i32",
} as const;
const FIELD = places(0, SERIES_FIELDS);

/** A PeakSeries (trace/ledger/series.ts) that the core records. */
export class CoreSeries {
  readonly #core: Core;
  readonly #address: number;

  /** `number`: bit number of the plane, or PLANES for the bytes in use */
  constructor(core: Core, number: number) {
    this.#core = core;
    this.#address = SERIES + number * SERIES_BYTES;
  }

  /** value after the last event recorded, which the last point may exceed; 0 before the first */
  get last(): number {
    return this.#double(FIELD.last);
  }

  /** largest value of all */
  get peak(): number {
    return this.#double(FIELD.peak);
  }

  /** 0-based number of the first event with that value; −1 while the peak is 0 */
  get peakEvent(): number {
    return this.#double(FIELD.peakEvent);
  }

  /** events a point stands for; a power of two */
  get eventsPerPoint(): number {
    return this.#double(FIELD.eventsPerPoint);
  }

  /** points so far */
  get length(): number {
    return this.#instance.i32[this.#address / 4 + FIELD.length]!;
  }

  /** The points, oldest first. */
  points(): number[] {
    const start = this.#instance.i32[this.#address / 4 + FIELD.points]! >>> 3;
    return Array.from(this.#instance.f64.subarray(start, start + this.length));
  }

  get #instance(): Instance {
    return this.#core.attached;
  }

  #double(field: number): number {
    return this.#instance.f64[this.#address / 8 + field]!;
  }
}
