import type { EventBatch } from "./event.ts";

/** µs */
const HOUR = 3600e6;
const DAY = 24 * HOUR;

/**
 * The log's own clock, in µs. Lines without a time (NaN) are passed over.
 *
 * A hook that prints the time of day starts at zero again at midnight. A fall of more than half a day is taken for
 * that, unless the clock had gone beyond 24 h and so knows no midnight; smaller falls are lines out of order.
 */
export class Clock {
  /** of the first line that carries a time; NaN when none does */
  first = Number.NaN;
  /** of the last such line so far */
  last = Number.NaN;
  /** how often a time was smaller than the one before it */
  reordered = 0;
  /** what the midnights passed so far add to the log's times */
  #days = 0;

  /** Takes in the next batch, whose times become those of one clock that runs on over midnight. */
  read(batch: EventBatch): void {
    const { time: times, length } = batch;
    let last = this.last;
    for (let i = 0; i < length; i++) {
      const logged = times[i]!;
      if (Number.isNaN(logged)) {
        continue;
      }
      let time = logged + this.#days;
      if (Number.isNaN(last)) {
        this.first = time;
      } else if (time < last) {
        if (last - time > DAY / 2 && last - this.#days < DAY) {
          this.#days += DAY;
          time += DAY;
        } else {
          this.reordered++;
        }
      } else if (time - last > DAY - HOUR && this.#days > 0) {
        // Right after midnight: a line that is late, of the day before.
        time -= DAY;
        if (time < last) {
          this.reordered++;
        }
      }
      times[i] = time;
      last = time;
    }
    this.last = last;
  }
}
