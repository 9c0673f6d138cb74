/** 90 % quantiles of Student's t, by degrees of freedom from 1 on: it is as often above one as below its negative. */
const QUANTILES = [3.078, 1.886, 1.638, 1.533, 1.476];

/**
 * Returns the prediction interval of four further values in five, given some that vary by chance: quantities above 0 whose
 * logarithms are normally distributed. It contains the given values. At most six; just their extremes if one of them is 0.
 */
export function predictionInterval(values: readonly number[]): [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const quantile = QUANTILES[values.length - 2];
  if (quantile === undefined || low <= 0 || low === high) {
    return [low, high];
  }
  const logs = values.map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const squares = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (logs.length - 1));
  const margin = quantile * deviation * Math.sqrt(1 + 1 / logs.length);
  return [
    Math.min(low, Math.floor(Math.exp(mean - margin))),
    Math.max(high, Math.ceil(Math.exp(mean + margin))),
  ];
}
