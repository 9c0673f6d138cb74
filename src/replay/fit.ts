import { PAGE } from "../ptmalloc/chunks.ts";
import { RATIOS, ratioPlane } from "../ptmalloc/resident.ts";
import { type ByPlane, inPlane, pagesAtRatio } from "./reading.ts";

/** A measured RSS, and what the run as recorded has at the same place of the log. */
export interface Observation {
  readonly bytes: number;
  readonly pages: ByPlane;
}

/** The part of every large block that the program has to have written for the model to meet what was measured. */
export interface RatioFit {
  /** 0..1 */
  readonly ratio: number;
  /** what was measured is less than the model has at 0, or more than it has at 1; null: neither */
  readonly outside: "below" | "above" | null;
  readonly error: RelativeError;
}

/** Signed relative errors, (modelled − measured) / measured. */
export interface RelativeError {
  readonly median: number;
  /** the one farthest from 0 */
  readonly max: number;
}

/** Each step looks this many times closer around the best ratio so far. */
const FINER = 20;
const STEPS = 3;

/**
 * The ratio with the least sum of absolute errors over all observations (touch.md §5); the largest of several that are
 * as good. Null where no ratio makes a difference.
 */
export function fitRatio(observations: readonly Observation[]): RatioFit | null {
  if (observations.every(({ pages }) => spread(pages) === 0)) return null;
  let ratio = 0.5;
  let reach = 0.5;
  for (let step = 0; step < STEPS; step++) {
    ratio = bestAround(ratio, reach, observations);
    reach /= FINER / 2;
  }
  const modelled = observations.map(({ pages, bytes }) => ({
    bytes,
    modelledBytes: pagesAtRatio(pages, ratio) * PAGE,
  }));
  const excess = modelled.reduce((sum, one) => sum + one.modelledBytes - one.bytes, 0);
  const outside = ratio === 1 && excess < 0 ? "above" : ratio === 0 && excess > 0 ? "below" : null;
  return { ratio, outside, error: relativeError(modelled) };
}

export function relativeError(
  samples: readonly { readonly bytes: number; readonly modelledBytes: number }[],
): RelativeError {
  const errors = samples.map(({ bytes, modelledBytes }) =>
    bytes === 0 ? 0 : (modelledBytes - bytes) / bytes,
  );
  errors.sort((a, b) => a - b);
  const median = errors[Math.floor(errors.length / 2)] ?? 0;
  const max = errors.reduce(
    (worst, error) => (Math.abs(error) > Math.abs(worst) ? error : worst),
    0,
  );
  return { median, max };
}

function spread(pages: ByPlane): number {
  return inPlane(pages, ratioPlane(RATIOS.length - 1)) - inPlane(pages, ratioPlane(0));
}

function bestAround(middle: number, reach: number, observations: readonly Observation[]): number {
  let best = middle;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= FINER; i++) {
    const ratio = Math.min(1, Math.max(0, middle + reach * ((2 * i) / FINER - 1)));
    let sum = 0;
    for (const { pages, bytes } of observations) {
      sum += Math.abs(pagesAtRatio(pages, ratio) * PAGE - bytes);
    }
    if (sum > least) continue;
    least = sum;
    best = ratio;
  }
  return best;
}
