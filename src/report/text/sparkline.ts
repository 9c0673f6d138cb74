/** A series drawn in one line, in eighths of a block. */

const LEVELS = " ▁▂▃▄▅▆▇█";
const TOP = LEVELS.length - 1;

export interface Series {
  /** ≥ 0, each for `eventsPerPoint` events; the last may cover fewer */
  readonly values: readonly number[];
  readonly eventsPerPoint: number;
}

/**
 * A series over a log of `events` events in `width` characters, each the largest value of its part of the log. A blank is
 * 0, a full block is `max`, each step an eighth of it. Empty if all values are 0.
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
    // Points that overlap the part.
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

/** The sum of several series, point by point; all have the same events per point. */
export function sumOf(series: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...series.map((values) => values.length));
  return Array.from({ length }, (_, point) =>
    series.reduce((sum, values) => sum + (values[point] ?? 0), 0),
  );
}
