/** Even, so that points merge without remainder. */
const MAX_ROW_POINTS = 32;
/** Fewer points would show no trend, however many rows there are. */
const MIN_POINTS = 8;

/**
 * Bounded series of many rows, such as the live bytes of every thread: coarser than those of series.ts, because there
 * are so many.
 *
 * The number of events of a point is a power of two, 1 at first, so that it covers whole points of the finer series. The
 * caller closes a point after its last event, with one value for each row. At MAX_ROW_POINTS points, or where points ×
 * rows take too much memory, neighbours merge pairwise and keep the larger value, so peaks survive. Rows may be added at
 * any time; their earlier values are 0.
 */
export class RowSeries {
  /** values of all rows, by point, oldest first */
  #points: Float64Array[] = [];
  #eventsPerPoint = 1;
  readonly #maxValues: number;

  /** `maxValues`: points × rows above which points merge, as long as MIN_POINTS remain */
  constructor(maxValues: number) {
    this.#maxValues = maxValues;
  }

  clone(): RowSeries {
    const copy = new RowSeries(this.#maxValues);
    // A closed point never changes.
    copy.#points = [...this.#points];
    copy.#eventsPerPoint = this.#eventsPerPoint;
    return copy;
  }

  get eventsPerPoint(): number {
    return this.#eventsPerPoint;
  }

  /** first event (0-based) of the open point */
  get start(): number {
    return this.#points.length * this.#eventsPerPoint;
  }

  /** first event (0-based) beyond the open point: close the point before this event */
  get end(): number {
    return this.start + this.#eventsPerPoint;
  }

  /** Closes the open point. `values` has one value for each row, and is kept. */
  close(values: Float64Array): void {
    this.#points.push(values);
    const points = this.#points.length;
    if (points % 2 !== 0) {
      return;
    }
    const isTooLarge = points > MIN_POINTS && points * values.length > this.#maxValues;
    if (points === MAX_ROW_POINTS || isTooLarge) {
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
