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
const STEPS = 7;
/** Observations of which the parameters that meet them are tried, too: one is met exactly, wherever the family grows. */
const MOST_MET = 100;
/** Halvings of 0..1, down to what a double holds. */
const HALVINGS = 52;

/**
 * Returns the parameter with the least sum of absolute errors over all observations (touch.md §5); of several equally
 * good ones `preferred` or, if it is none of them, the largest. Null if the parameter makes no difference.
 */
export function fitPart(
  observations: readonly Observation[],
  family: Family,
  preferred = 1,
): PartFit | null {
  if (observations.every(({ pages }) => family(pages, 0) === family(pages, 1))) {
    return null;
  }
  let part = bestOf(partsOf(observations, family), observations, family);
  // Equally good values differ in nothing that was measured, but other settings may tell them apart.
  if (distance(observations, family, preferred) <= distance(observations, family, part)) {
    part = preferred;
  }
  return {
    part,
    outside: sideOf(observations, family, part),
    error: relativeError(observations.map((one) => modelledAt(one, family, part))),
  };
}

/** Returns the side on which the measured RSS lies outside of what the family can give: `part` is the closest. */
function sideOf(
  observations: readonly Observation[],
  family: Family,
  part: number,
): PartFit["outside"] {
  const excess = observations.reduce(
    (sum, one) => sum + modelledAt(one, family, part).modelledBytes - one.bytes,
    0,
  );
  const isAt = (end: number): boolean =>
    observations.every(({ pages }) => family(pages, part) === family(pages, end));
  if (excess > 0) {
    return isAt(0) ? "below" : null;
  }
  return excess < 0 && isAt(1) ? "above" : null;
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

function modelledAt({ bytes, pages }: Observation, family: Family, part: number) {
  return { bytes, modelledBytes: family(pages, part) * SMALLEST_PAGE };
}

/** The sum of absolute errors. */
function distance(observations: readonly Observation[], family: Family, part: number): number {
  let sum = 0;
  for (const { pages, bytes } of observations) {
    sum += Math.abs(family(pages, part) * SMALLEST_PAGE - bytes);
  }
  return sum;
}

/** Returns the parameters that are worth a comparison: those that meet observations and, of several, what a search finds. */
function partsOf(observations: readonly Observation[], family: Family): number[] {
  const [only] = observations;
  if (only !== undefined && observations.length === 1) {
    return [meeting(only, family)];
  }
  let searched = 0.5;
  for (let step = 0, reach = 0.5; step < STEPS; step++, reach /= TRIED / 2) {
    searched = bestOf(partsAround(searched, reach), observations, family);
  }
  const distances = Math.ceil(observations.length / MOST_MET);
  const some = observations.filter((_, i) => i % distances === 0);
  return [searched, ...some.map((one) => meeting(one, family))];
}

/** Returns the largest parameter with which the model does not exceed the observation; 0 if it always does. */
function meeting(one: Observation, family: Family): number {
  if (modelledAt(one, family, 1).modelledBytes <= one.bytes) {
    return 1;
  }
  let low = 0;
  let high = 1;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (modelledAt(one, family, middle).modelledBytes <= one.bytes) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

function partsAround(middle: number, reach: number): number[] {
  return Array.from({ length: TRIED + 1 }, (_, i) =>
    Math.min(1, Math.max(0, middle + reach * ((2 * i) / TRIED - 1))),
  );
}

/** Returns the part with the least distance; of several equally good ones, the largest. */
function bestOf(
  parts: readonly number[],
  observations: readonly Observation[],
  family: Family,
): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const part of parts) {
    const sum = distance(observations, family, part);
    if (sum < least || (sum === least && part > best)) {
      least = sum;
      best = part;
    }
  }
  return best;
}
