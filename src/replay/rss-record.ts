import type { Core } from "../ptmalloc/core-module.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { PLANES } from "../ptmalloc/resident.ts";
import { CoreSeries } from "./core-series.ts";
import { PEAK_TIMES, REPLAY, TRIMMED_PAGES } from "./replay-state.ts";

/**
 * RSS of one model along the log, in SMALLEST_PAGEs and in each plane (resident.ts), by number of its bit, as the core records
 * it (core/rss-record.ts).
 */
export class RssRecord {
  /** resident pages of heaps and mappings after each event and the program's writes */
  readonly pages: readonly CoreSeries[];
  /** resident pages at each probe; the same object where nothing has changed in between */
  probes: Float64Array[] = [];
  readonly #core: Core;

  constructor({ core }: Ptmalloc) {
    this.#core = core;
    this.pages = Array.from({ length: PLANES }, (_, bit) => new CoreSeries(core, bit));
  }

  /** Takes over the probes of another record; all else is in the memory of its process. */
  copy(from: RssRecord): void {
    // A probe never changes once it is taken.
    this.probes = [...from.probes];
  }

  /** µs on the log's clock when the pages of a plane were at their peak; NaN when unknown */
  get peakTimes(): Float64Array {
    return this.#doubles(PEAK_TIMES);
  }

  /** resident pages returned by malloc_trim: by the program's own calls and by those of the scenario */
  get trimmedPages(): Float64Array {
    return this.#doubles(TRIMMED_PAGES);
  }

  /** most bytes obtained from the kernel and not returned */
  get systemPeakBytes(): number {
    return this.#core.attached.f64[REPLAY.systemPeakBytes]!;
  }

  probe({ resident: { pages } }: Ptmalloc): void {
    const last = this.probes.at(-1);
    const isUnchanged = last?.every((one, bit) => one === pages[bit]) === true;
    this.probes.push(isUnchanged ? last : pages.slice());
  }

  #doubles(address: number): Float64Array {
    return this.#core.attached.f64.slice(address / 8, address / 8 + PLANES);
  }
}
