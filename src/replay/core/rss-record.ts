import { m } from "../../ptmalloc/core/model";
import { PLANES, residentIn } from "../../ptmalloc/core/resident";
import { trimAll } from "../../ptmalloc/core/trim";
import { beginSeries, PeakSeries, record, SERIES_BYTES } from "./peak-series";
import { PEAK_TIMES, SERIES, state, TRIMMED_PAGES } from "./state";

/** RSS of the model along the log, in SMALLEST_PAGEs and in each plane, by number of its bit. */

/** The series of a plane; number PLANES is that of the bytes in use. */
export function seriesAt(bit: i32): PeakSeries {
  return changetype<PeakSeries>(SERIES + <usize>bit * SERIES_BYTES);
}

/** The series of the bytes of all chunks that the program holds, which only a guided replay records. */
export function inUseSeries(): PeakSeries {
  return seriesAt(PLANES);
}

export function beginRecord(): void {
  for (let bit = 0; bit < PLANES; bit++) {
    beginSeries(seriesAt(bit));
    store<f64>(PEAK_TIMES + ((<usize>bit) << 3), NaN);
  }
  beginSeries(inUseSeries());
}

/**
 * Records the model after event `event` (0-based; −1: none yet), which happened at `time`. Returns the planes whose pages
 * have never been so many, one bit each.
 */
export function recordRss(event: f64, time: f64): i32 {
  if (m.systemBytes > state.systemPeakBytes) {
    state.systemPeakBytes = m.systemBytes;
  }
  if (event < 0 || !m.residentChanged) {
    return 0;
  }
  m.residentChanged = false;
  let risen = 0;
  for (let bit = 0; bit < PLANES; bit++) {
    const series = seriesAt(bit);
    const pages = residentIn(bit);
    if (pages > series.peak) {
      store<f64>(PEAK_TIMES + ((<usize>bit) << 3), time);
      risen |= 1 << bit;
    }
    record(series, event, pages);
  }
  return risen;
}

/** Makes the model's malloc_trim(pad) and counts what it returns. */
export function trim(pad: f64): void {
  for (let bit = 0; bit < PLANES; bit++) {
    addTrimmed(bit, residentIn(bit));
  }
  trimAll(pad);
  for (let bit = 0; bit < PLANES; bit++) {
    addTrimmed(bit, -residentIn(bit));
  }
}

function addTrimmed(bit: i32, pages: f64): void {
  const at = TRIMMED_PAGES + ((<usize>bit) << 3);
  store<f64>(at, load<f64>(at) + pages);
}
