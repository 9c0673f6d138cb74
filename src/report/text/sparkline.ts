/** A course in one line of eighths of a block. */

const LEVELS = " ▁▂▃▄▅▆▇█";
const TOP = LEVELS.length - 1;

export interface Series {
  /** ≥ 0; a value stands for the same number of events each, the last one perhaps for fewer */
  readonly values: readonly number[];
  readonly eventsPerPoint: number;
}

/**
 * The course of a series over a log of `events` events in `width` characters, each the largest value of its part of the
 * log: blank is nothing, the whole block `max`, and between them each step stands for an eighth of it. Empty if there
 * was nothing at any time.
 */
export function sparkline(series: Series, events: number, width: number, max: number): string {
  const values = resampled(series, events, width);
  if (!values.some((value) => value > 0)) {
    return "";
  }
  return values.map((value) => LEVELS[Math.min(TOP, Math.ceil((value / max) * TOP))]).join("");
}

/** The largest value in each of `width` equal parts of the log's `events` events. */
export function resampled(
  { values, eventsPerPoint }: Series,
  events: number,
  width: number,
): number[] {
  return Array.from({ length: width }, (_, part) => {
    // Points that reach into the part.
    const from = Math.floor((part * events) / width / eventsPerPoint);
    const to = Math.ceil(((part + 1) * events) / width / eventsPerPoint);
    let most = 0;
    const end = Math.min(values.length, Math.max(to, from + 1));
    for (let point = from; point < end; point++) {
      most = Math.max(most, values[point]!);
    }
    return most;
  });
}

/** Point by point the sum of several series of as many events a point. */
export function sumOf(series: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...series.map((values) => values.length));
  return Array.from({ length }, (_, point) =>
    series.reduce((sum, values) => sum + (values[point] ?? 0), 0),
  );
}
