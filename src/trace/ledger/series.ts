/**
 * Bounded series over the events of a log of any length.
 *
 * A point stands for a fixed number of consecutive events, 1 at first. When an event falls beyond the last of
 * MAX_POINTS points, neighbours merge pairwise and a point stands for twice as many. The resolution thus depends on the
 * number of the last event alone, not on the values: series recorded apart (ledger, each replay, another worker) have
 * the same points once each has reached the same last event.
 */

/** Even, so that a full series merges without remainder. */
export const MAX_POINTS = 1000;
/** Capacity at first: short logs are replayed dozens of times, each replay with a series for each plane. */
const FIRST_POINTS = 32;

/** A quantity ≥ 0 that holds from one event to the next, such as live bytes or RSS after each event. */
export class PeakSeries {
  /** A point is the largest value of its events, so peaks survive at any resolution. */
  readonly #points = new Points(Math.max);
  /** first event (0-based) beyond the newest point */
  #end = 0;
  /** value of the newest point. NaN first: avoids a Smi-to-double deoptimization. */
  #newest = Number.NaN;

  /** value after the last event recorded, which the last point may exceed; 0 before the first */
  last = 0;
  /** largest value of all */
  peak = 0;
  /** 0-based number of the first event with that value; −1 while the peak is 0 */
  peakEvent = -1;

  /** Becomes a copy of `other`. */
  copy(other: PeakSeries): void {
    this.#points.copy(other.#points);
    this.#end = other.#end;
    this.#newest = other.#newest;
    this.last = other.last;
    this.peak = other.peak;
    this.peakEvent = other.peakEvent;
  }

  /** events a point stands for; a power of two */
  get eventsPerPoint(): number {
    return this.#points.eventsPerPoint;
  }

  /** points so far, 0 .. MAX_POINTS */
  get length(): number {
    return this.#points.length;
  }

  /** The points, oldest first. */
  points(): number[] {
    return this.#points.toArray();
  }

  /** `event` is 0-based and never decreases; events left out have the value of the one before. Hot. */
  record(event: number, value: number): void {
    if (event >= this.#end) {
      this.#open(event, value);
    } else if (value > this.#newest) {
      this.#raise(event, value);
    }
    this.last = value;
  }

  /** Records `length` consecutive events, the first of which is number `event`. */
  recordAll(event: number, values: Float64Array, length: number): void {
    for (let i = 0; i < length; ) {
      this.record(event + i, values[i]!);
      const end = Math.min(length, this.#end - event);
      for (i++; i < end; i++) {
        if (values[i]! > this.#newest) {
          this.#raise(event + i, values[i]!);
        }
      }
      this.last = values[i - 1]!;
    }
  }

  #open(event: number, value: number): void {
    const points = this.#points;
    points.advance(event, this.last);
    this.#end = points.end;
    // The point begins with this event: the value before it is not part of the point.
    if (event % points.eventsPerPoint === 0) {
      points.newest = 0;
    }
    this.#newest = points.newest;
    if (value > this.#newest) {
      this.#raise(event, value);
    }
  }

  #raise(event: number, value: number): void {
    this.#newest = value;
    this.#points.newest = value;
    if (value <= this.peak) {
      return;
    }
    this.peak = value;
    this.peakEvent = event;
  }
}

/** The time axis: of each point, the time of its last event that carries one, in µs; NaN where none does. */
export class TimeAxis {
  readonly #points = new Points((earlier, later) => (Number.isNaN(later) ? earlier : later));

  /** Becomes a copy of `other`. */
  copy(other: TimeAxis): void {
    this.#points.copy(other.#points);
  }

  /** events a point stands for; a power of two */
  get eventsPerPoint(): number {
    return this.#points.eventsPerPoint;
  }

  /** points so far, 0 .. MAX_POINTS */
  get length(): number {
    return this.#points.length;
  }

  /** The points, oldest first. */
  points(): number[] {
    return this.#points.toArray();
  }

  /** `event` is 0-based and never decreases; `time` in µs, NaN when the event carries none. */
  record(event: number, time: number): void {
    if (event >= this.#points.end) {
      this.#points.advance(event, Number.NaN);
    }
    if (!Number.isNaN(time)) {
      this.#points.newest = time;
    }
  }

  /** Records `length` consecutive events, the first of which is number `event`. */
  recordAll(event: number, times: Float64Array, length: number): void {
    for (let i = 0; i < length; ) {
      this.record(event + i, times[i]!);
      const end = Math.min(length, this.#points.end - event);
      // The last time of the point, except that of event i, which is recorded.
      let last = end - 1;
      while (last > i && Number.isNaN(times[last]!)) {
        last--;
      }
      if (last > i) {
        this.record(event + last, times[last]!);
      }
      i = end;
    }
  }
}

/** The points of one series: which point an event falls on, and how points merge. */
class Points {
  /** first event (0-based) beyond the newest point */
  end = 0;
  /** events a point stands for; a power of two */
  eventsPerPoint = 1;
  /** points so far, 0 .. MAX_POINTS */
  length = 0;
  #values = new Float64Array(FIRST_POINTS);
  readonly #merge: (earlier: number, later: number) => number;

  /** `merge`: the value that stands for two neighbouring points */
  constructor(merge: (earlier: number, later: number) => number) {
    this.#merge = merge;
  }

  get newest(): number {
    return this.#values[this.length - 1]!;
  }

  set newest(value: number) {
    this.#values[this.length - 1] = value;
  }

  toArray(): number[] {
    return Array.from(this.#values.subarray(0, this.length));
  }

  copy(other: Points): void {
    if (this.#values.length < other.length) {
      this.#values = new Float64Array(other.#values.length);
    }
    this.#values.set(other.#values.subarray(0, other.length));
    this.length = other.length;
    this.end = other.end;
    this.eventsPerPoint = other.eventsPerPoint;
  }

  /** Makes the point that `event` falls on the newest. It and points passed over start as `filler`. */
  advance(event: number, filler: number): void {
    while (event >= MAX_POINTS * this.eventsPerPoint) {
      this.#halve();
    }
    const point = Math.floor(event / this.eventsPerPoint);
    if (point >= this.#values.length) {
      this.#grow();
    }
    while (this.length <= point) {
      this.#values[this.length++] = filler;
    }
    this.end = (point + 1) * this.eventsPerPoint;
  }

  #grow(): void {
    const grown = new Float64Array(MAX_POINTS);
    grown.set(this.#values);
    this.#values = grown;
  }

  #halve(): void {
    const values = this.#values;
    const { length } = this;
    for (let point = 0; point < length; point += 2) {
      const earlier = values[point]!;
      values[point >> 1] = point + 1 < length ? this.#merge(earlier, values[point + 1]!) : earlier;
    }
    this.length = (length + 1) >> 1;
    this.eventsPerPoint *= 2;
  }
}
