import type { EventBatch } from "./event.ts";

/** µs */
const HOUR = 3600e6;
const DAY = 24 * HOUR;

/** µs. A larger step back is midnight, in a log whose clock is the time of day. */
export const MIDNIGHT_STEP = DAY / 2;

/**
 * The log's clock, in µs. Lines without a time (NaN) are skipped.
 *
 * A hook that prints the time of day restarts at zero at midnight. A step back of more than half a day is taken for
 * midnight, unless the clock has passed 24 h and thus does not restart; a smaller step back is a line out of order.
 */
export class Clock {
  /** time of the last line so far that carries one; NaN while none does */
  last = Number.NaN;
  /** least and greatest time so far: lines may be out of order */
  least = Number.NaN;
  greatest = Number.NaN;
  /** times that are smaller than the one before */
  reordered = 0;
  /** µs added to the logged times: a day for each midnight so far */
  #days = 0;

  copy(from: Clock): void {
    this.last = from.last;
    this.least = from.least;
    this.greatest = from.greatest;
    this.reordered = from.reordered;
    this.#days = from.#days;
  }

  /** Rewrites the times of the next batch to a clock that does not restart at midnight. */
  read(batch: EventBatch): void {
    const { time: times, length } = batch;
    let { last, least, greatest } = this;
    let days = this.#days;
    for (let i = 0; i < length; i++) {
      const logged = times[i]!;
      if (Number.isNaN(logged)) {
        continue;
      }
      let time = logged + days;
      if (Number.isNaN(last)) {
        least = time;
        greatest = time;
      } else if (time < last) {
        if (last - time > MIDNIGHT_STEP && last - days < DAY) {
          days += DAY;
          time += DAY;
        } else {
          this.reordered++;
        }
      } else if (time - last > DAY - HOUR && days > 0) {
        // A late line of the day before, logged after midnight.
        time -= DAY;
        if (time < last) {
          this.reordered++;
        }
      }
      times[i] = time;
      last = time;
      if (time > greatest) {
        greatest = time;
      } else if (time < least) {
        least = time;
      }
    }
    this.#days = days;
    this.last = last;
    this.least = least;
    this.greatest = greatest;
  }
}
