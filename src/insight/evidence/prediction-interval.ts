/**
 * How far RSS differs between runs of a program of several threads: standard deviations of its logarithm, from nine programs that
 * were each run five times with each setting (docs/numbers.md). They count as much as KNOWN_DEGREES degrees of freedom.
 */
const KNOWN_DEGREES = 4;
/** under a limit on arenas, beyond the orders in which the calls are replayed: at the end, and at the peak */
export const END_DEVIATION = 0.12;
export const PEAK_DEVIATION = 0.08;
/** at the end, without the recording hook, as against the recorded run */
export const UNHOOKED_DEVIATION = 0.08;

/** 95 % quantiles of Student's t, by degrees of freedom from 4 on: one in ten values is farther from 0, on one side or the other. */
const QUANTILES = [2.132, 2.015, 1.943, 1.895, 1.86];

/**
 * Returns the prediction interval of nine further values in ten, given one to five that vary by chance: quantities above 0 whose
 * logarithms are normally distributed. `deviation`: their standard deviation as it is known from others. The interval
 * contains the given values. Just their extremes if one of them is 0.
 */
export function predictionInterval(
  values: readonly number[],
  deviation: number,
): [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const quantile = QUANTILES[values.length - 1];
  if (quantile === undefined || low <= 0) {
    return [low, high];
  }
  const logs = values.map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const squares = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0);
  const degrees = KNOWN_DEGREES + logs.length - 1;
  const variance = (KNOWN_DEGREES * deviation ** 2 + squares) / degrees;
  const margin = quantile * Math.sqrt(variance * (1 + 1 / logs.length));
  return [
    Math.min(low, Math.floor(Math.exp(mean - margin))),
    Math.max(high, Math.ceil(Math.exp(mean + margin))),
  ];
}
