/**
 * A thread may be descheduled between reading the clock and writing its line. In recorded logs such lines were up to 68 ms
 * and 7.2 % of the run late; a larger step back is a clock that was set, or another run.
 */
const LATE_SECONDS = 0.1;
const LATE_SHARE = 0.1;

/**
 * The times of the timeline's points, in seconds, for an axis: late ones become the greatest before them. Null if times
 * are unknown, fall further, or do not span more than zero.
 */
export function steadyTimes(times: readonly (number | null)[]): number[] | null {
  const steady: number[] = [];
  let greatest = Number.NEGATIVE_INFINITY;
  let late = 0;
  for (const time of times) {
    if (time === null) {
      return null;
    }
    late = Math.max(late, greatest - time);
    greatest = Math.max(greatest, time);
    steady.push(greatest);
  }
  const span = greatest - (steady[0] ?? greatest);
  return span > 0 && late <= Math.min(LATE_SECONDS, span * LATE_SHARE) ? steady : null;
}
