/**
 * Bounded series of many rows at once, such as the live bytes of every thread: coarser than those of timeline.ts, since
 * there are so many of them.
 *
 * A point stands for a number of consecutive events that is a power of two, 1 at first, so that each covers whole
 * points of the finer series. Whoever records closes a point when its last event is over, with one value a row. When
 * there are MAX_ROW_POINTS points, or they take too much memory with that many rows, neighbours merge pairwise: the
 * larger value stays, so peaks survive. Rows may be added at any time; what they had before is 0.
 */

/** Even, so that points merge without remainder. */
export const MAX_ROW_POINTS = 32;
/** However many rows there are, fewer points than these would show no course. */
const LEAST_POINTS = 8;

export class RowsTimeline {
  /** values of all rows by point, oldest first */
  #points: Float64Array[] = [];
  #eventsPerPoint = 1;
  readonly #maxValues: number;

  /** `maxValues`: points times rows beyond which points merge, as long as LEAST_POINTS are left */
  constructor(maxValues: number) {
    this.#maxValues = maxValues;
  }

  clone(): RowsTimeline {
    const copy = new RowsTimeline(this.#maxValues);
    // A closed point never changes.
    copy.#points = [...this.#points];
    copy.#eventsPerPoint = this.#eventsPerPoint;
    return copy;
  }

  get eventsPerPoint(): number {
    return this.#eventsPerPoint;
  }

  /** first event (0-based) that is not in a closed point */
  get start(): number {
    return this.#points.length * this.#eventsPerPoint;
  }

  /** first event (0-based) beyond the point that is open: when it comes, that point is to be closed */
  get end(): number {
    return this.start + this.#eventsPerPoint;
  }

  /** The open point is over: `values` are those of all rows, and are kept. */
  close(values: Float64Array): void {
    this.#points.push(values);
    const points = this.#points.length;
    if (points % 2 !== 0) {
      return;
    }
    const isTooMuch = points > LEAST_POINTS && points * values.length > this.#maxValues;
    if (points === MAX_ROW_POINTS || isTooMuch) {
      this.#halve();
    }
  }

  /** The closed points of a row, oldest first. */
  row(row: number): number[] {
    return this.#points.map((values) => values[row] ?? 0);
  }

  #halve(): void {
    const merged: Float64Array[] = [];
    for (let point = 0; point < this.#points.length; point += 2) {
      const earlier = this.#points[point]!;
      const later = this.#points[point + 1]!;
      merged.push(later.map((value, row) => Math.max(value, earlier[row] ?? 0)));
    }
    this.#points = merged;
    this.#eventsPerPoint *= 2;
  }
}
