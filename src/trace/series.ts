/**
 * Bounded series over the events of a log of any length.
 *
 * A point stands for a fixed number of consecutive events, 1 at first. When an event falls beyond the last of
 * MAX_POINTS points, neighbours merge pairwise and a point stands for twice as many. The resolution thus depends on
 * the last event's number alone, never on the values or on who recorded: series kept apart (ledger, each scenario,
 * another worker) have the same points once each was brought to the same last event.
 */

/** even, so that a full series merges without remainder */
export const MAX_POINTS = 1000;
/** Room at first: short logs are read by dozens of runs, each with a series a plane. */
const FIRST_POINTS = 32;

abstract class BoundedSeries {
  values = new Float64Array(FIRST_POINTS);
  /** index of the newest point; −1 before the first event */
  newest = -1;
  /** first event (0-based) beyond the newest point */
  end = 0;
  #eventsPerPoint = 1;

  /** events a point stands for; a power of two */
  get eventsPerPoint(): number {
    return this.#eventsPerPoint;
  }

  /** points so far, 0 .. MAX_POINTS */
  get length(): number {
    return this.newest + 1;
  }

  /** The points, oldest first. */
  points(): number[] {
    return Array.from(this.values.subarray(0, this.length));
  }

  copyPoints(other: BoundedSeries): void {
    if (this.values.length < other.length) {
      this.values = new Float64Array(other.values.length);
    }
    this.values.set(other.values.subarray(0, other.length));
    this.newest = other.newest;
    this.end = other.end;
    this.#eventsPerPoint = other.#eventsPerPoint;
  }

  /** What stands for two neighbouring points. */
  abstract merge(earlier: number, later: number): number;

  /** Makes the point that `event` falls on the newest; those passed over, and it, start as `filler`. */
  advance(event: number, filler: number): void {
    while (event >= MAX_POINTS * this.#eventsPerPoint) {
      this.#halve();
    }
    const point = Math.floor(event / this.#eventsPerPoint);
    if (point >= this.values.length) {
      this.#grow();
    }
    while (this.newest < point) {
      this.values[++this.newest] = filler;
    }
    this.end = (point + 1) * this.#eventsPerPoint;
  }

  #grow(): void {
    const grown = new Float64Array(MAX_POINTS);
    grown.set(this.values);
    this.values = grown;
  }

  #halve(): void {
    const { values, newest } = this;
    for (let point = 0; point <= newest; point += 2) {
      const earlier = values[point]!;
      values[point >> 1] = point < newest ? this.merge(earlier, values[point + 1]!) : earlier;
    }
    this.newest >>= 1;
    this.#eventsPerPoint *= 2;
  }
}

/**
 * A quantity ≥ 0 that holds from one event to the next, such as live bytes or RSS after each event. A point keeps the
 * largest value of its stretch, so peaks survive whatever the resolution; the value at the end is `last`, which the
 * last point may exceed. Events not recorded have the value of the one before.
 */
export class PeakSeries extends BoundedSeries {
  /** Becomes a copy of `other`. */
  copy(other: PeakSeries): void {
    this.copyPoints(other);
    this.last = other.last;
    this.peak = other.peak;
    this.peakEvent = other.peakEvent;
  }

  /** value after the last event recorded; 0 before the first */
  last = 0;
  /** largest value of all */
  peak = 0;
  /** 0-based number of the event that reached it first; −1 while the peak is 0 */
  peakEvent = -1;

  /** `event` is 0-based and never decreases. Cheap enough for every event. */
  record(event: number, value: number): void {
    if (event >= this.end) {
      this.#open(event, value);
    } else if (value > this.values[this.newest]!) {
      this.#raise(event, value);
    }
    this.last = value;
  }

  /** Records `length` consecutive events, the first of which is number `event`. */
  recordAll(event: number, values: Float64Array, length: number): void {
    for (let i = 0; i < length; i++) {
      this.record(event + i, values[i]!);
    }
  }

  #open(event: number, value: number): void {
    this.advance(event, this.last);
    // The first event of the point: what went before is no part of it.
    if (event % this.eventsPerPoint === 0) {
      this.values[this.newest] = 0;
    }
    if (value > this.values[this.newest]!) {
      this.#raise(event, value);
    }
  }

  #raise(event: number, value: number): void {
    this.values[this.newest] = value;
    if (value <= this.peak) {
      return;
    }
    this.peak = value;
    this.peakEvent = event;
  }

  override merge(earlier: number, later: number): number {
    return Math.max(earlier, later);
  }
}

/** The time axis: of each point, the time of its last event that carries one; NaN when none does. */
export class TimeAxis extends BoundedSeries {
  /** `event` is 0-based and never decreases; `time` in µs, NaN when the event carries none. */
  record(event: number, time: number): void {
    if (event >= this.end) {
      this.advance(event, Number.NaN);
    }
    if (!Number.isNaN(time)) {
      this.values[this.newest] = time;
    }
  }

  /** Records `length` consecutive events, the first of which is number `event`. */
  recordAll(event: number, times: Float64Array, length: number): void {
    for (let i = 0; i < length; i++) {
      this.record(event + i, times[i]!);
    }
  }

  override merge(earlier: number, later: number): number {
    return Number.isNaN(later) ? earlier : later;
  }
}
