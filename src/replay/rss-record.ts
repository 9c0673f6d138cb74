import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { PLANES } from "../ptmalloc/resident.ts";
import { PeakSeries } from "../trace/series.ts";

/** RSS of one model along the log, in SMALLEST_PAGEs and in each plane (resident.ts), by number of its bit. */
export class RssRecord {
  /** resident pages of heaps and mappings after each event and the program's writes */
  readonly pages: readonly PeakSeries[] = Array.from({ length: PLANES }, () => new PeakSeries());
  /** µs on the log's clock when the pages of a plane were at their peak; NaN when unknown */
  readonly peakTimes = new Float64Array(PLANES).fill(Number.NaN);
  /** resident pages returned by malloc_trim: by the program's own calls and by those of the scenario */
  readonly trimmedPages = new Float64Array(PLANES);
  /** resident pages at each probe; the same object where nothing has changed in between */
  probes: Float64Array[] = [];
  readonly state = {
    /** most bytes obtained from the kernel and not returned */
    systemPeakBytes: 0,
  };

  copy(from: RssRecord): void {
    this.pages.forEach((series, bit) => {
      series.copy(from.pages[bit]!);
    });
    this.peakTimes.set(from.peakTimes);
    this.trimmedPages.set(from.trimmedPages);
    // A probe never changes once it is taken.
    this.probes = [...from.probes];
    Object.assign(this.state, from.state);
  }

  /**
   * Records the model after event `event` (0-based; −1: none yet), which happened at `time`. Returns the planes whose pages
   * have never been so many, one bit each.
   */
  record({ systemBytes, resident }: Ptmalloc, event: number, time: number): number {
    if (systemBytes > this.state.systemPeakBytes) {
      this.state.systemPeakBytes = systemBytes;
    }
    if (event < 0 || !resident.changed) {
      return 0;
    }
    resident.changed = false;
    let risen = 0;
    for (let bit = 0; bit < PLANES; bit++) {
      const series = this.pages[bit]!;
      const pages = resident.pages[bit]!;
      if (pages > series.peak) {
        this.peakTimes[bit] = time;
        risen |= 1 << bit;
      }
      series.record(event, pages);
    }
    return risen;
  }

  probe({ resident: { pages } }: Ptmalloc): void {
    const last = this.probes.at(-1);
    const isUnchanged = last?.every((one, bit) => one === pages[bit]) === true;
    this.probes.push(isUnchanged ? last : pages.slice());
  }

  /** Makes the model's malloc_trim(pad) and counts what it returns. */
  trim(model: Ptmalloc, pad: number): void {
    const { pages } = model.resident;
    const before = pages.slice();
    model.mallocTrim(pad);
    for (let bit = 0; bit < PLANES; bit++) {
      this.trimmedPages[bit]! += before[bit]! - pages[bit]!;
    }
  }
}
