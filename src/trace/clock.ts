import type { EventBatch } from "./event.ts";

/** The log's own clock, in µs. Lines without a time (NaN) are passed over. */
export class Clock {
  /** of the first line that carries a time; NaN when none does */
  first = Number.NaN;
  /** of the last such line so far */
  last = Number.NaN;
  /** how often a time was smaller than the one before it */
  reordered = 0;

  read(batch: EventBatch): void {
    let last = this.last;
    for (let i = 0; i < batch.length; i++) {
      const time = batch.time[i]!;
      if (Number.isNaN(time)) continue;
      if (Number.isNaN(last)) this.first = time;
      else if (time < last) this.reordered++;
      last = time;
    }
    this.last = last;
  }
}
