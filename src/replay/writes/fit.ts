import { SMALLEST_PAGE } from "../../ptmalloc/chunks.ts";
import type { ByPlane } from "./reading.ts";

/** A measured RSS, and the pages of the recorded run at the same place of the log. */
export interface Observation {
  readonly bytes: number;
  readonly pages: ByPlane;
}

/** Pages under a policy with one free parameter in 0..1; they grow with it. */
export type Family = (pages: ByPlane, part: number) => number;

/** The parameter with which a policy meets the measured RSS. */
export interface PartFit {
  /** 0..1 */
  readonly part: number;
  /** the measured RSS is below the model's at 0, or above the model's at 1; null: neither */
  readonly outside: "below" | "above" | null;
  readonly error: RelativeError;
}

/** Signed relative errors, (modelled − measured) / measured. */
export interface RelativeError {
  readonly median: number;
  /** the error farthest from 0 */
  readonly max: number;
}

/** Values tried around the best so far, per step; each step is ten times finer. */
const TRIED = 20;
const STEPS = 4;

/**
 * Returns the parameter with the least sum of absolute errors over all observations (touch.md §5); of several equally
 * good ones, the largest. Null if the parameter makes no difference.
 */
export function fitPart(observations: readonly Observation[], family: Family): PartFit | null {
  if (observations.every(({ pages }) => family(pages, 0) === family(pages, 1))) {
    return null;
  }
  let part = 0.5;
  for (let step = 0, reach = 0.5; step < STEPS; step++, reach /= TRIED / 2) {
    part = bestAround(part, reach, observations, family);
  }
  const modelled = observations.map(({ pages, bytes }) => ({
    bytes,
    modelledBytes: family(pages, part) * SMALLEST_PAGE,
  }));
  const excess = modelled.reduce((sum, one) => sum + one.modelledBytes - one.bytes, 0);
  const outside = part === 1 && excess < 0 ? "above" : part === 0 && excess > 0 ? "below" : null;
  return { part, outside, error: relativeError(modelled) };
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

function bestAround(
  middle: number,
  reach: number,
  observations: readonly Observation[],
  family: Family,
): number {
  let best = middle;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= TRIED; i++) {
    const part = Math.min(1, Math.max(0, middle + reach * ((2 * i) / TRIED - 1)));
    let sum = 0;
    for (const { pages, bytes } of observations) {
      sum += Math.abs(family(pages, part) * SMALLEST_PAGE - bytes);
    }
    if (sum > least) {
      continue;
    }
    least = sum;
    best = part;
  }
  return best;
}
