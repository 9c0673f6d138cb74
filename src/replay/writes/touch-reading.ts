import type { TouchFit } from "../../report/contract/report.ts";
import { fitPart, type Observation, relativeError } from "./fit.ts";
import {
  AsGiven,
  type Bounded,
  ByFacts,
  Fitted,
  PART_BY_FACTS,
  pagesAtPart,
  pagesAtRatio,
  pagesAtShare,
  partAtRatio,
  type Reading,
  writtenAtPart,
} from "./reading.ts";
import type { TouchPolicy } from "./touch.ts";

/** How the figures of an analysis are read from the planes, and what the report says of it. */
export interface TouchReading {
  /** name of the policy */
  readonly name: string;
  readonly reading: Reading;
  /** null where nothing was fitted */
  readonly fit: TouchFit | null;
}

/**
 * Returns the reading under the policy. A fitted policy meets the `observations`, if there are any. `lowest`: the lowest
 * plausible ratio. `logStatesWrites`: the log has lines of holes, which samples in it do not overrule; a number that a user
 * gives does.
 */
export function touchReading(
  policy: TouchPolicy,
  observations: readonly Observation[],
  lowest: number,
  logStatesWrites = false,
): TouchReading {
  if (policy === "facts") {
    return { name: policy, reading: new ByFacts(lowest), fit: null };
  }
  if (typeof policy === "string") {
    return { name: policy, reading: new AsGiven(), fit: null };
  }
  if ("ratio" in policy) {
    return { name: String(policy.ratio), reading: new AsGiven(), fit: null };
  }
  const source: TouchFit["source"] = policy.fitted === null ? "rss samples" : "--observed-rss";
  const keepsStated = policy.fitted === null && logStatesWrites;
  const found = keepsStated
    ? fitRatio(observations)
    : fitPart(observations, pagesAtPart, PART_BY_FACTS);
  const bounds = observations.length === 1 ? boundsOf(observations[0]!) : null;
  if (found === null) {
    return { name: "facts", ...unfitted(observations, source, bounds, lowest) };
  }
  const { part, outside, error } = found;
  // A share of all uncertain pages would take away from what the log states.
  const share = keepsStated ? null : (fitPart(observations, pagesAtShare)?.part ?? 1);
  const fit = { ...writtenAtPart(part), source, outside, error, bounds };
  const bounded = keepsStated ? [] : observations.map(boundsOf);
  return { name: "fitted", reading: new Fitted(part, share, bounded), fit };
}

/** Fits the ratio of large blocks alone, as far as the log does not state what was written of them. */
function fitRatio(observations: readonly Observation[]): ReturnType<typeof fitPart> {
  const found = fitPart(observations, pagesAtRatio);
  return found && { ...found, part: partAtRatio(found.part), outside: null };
}

function boundsOf({ bytes, pages }: Observation): Bounded {
  const reading = new AsGiven();
  return {
    measuredBytes: bytes,
    noneBytes: reading.noneBytes(pages),
    allBytes: reading.allBytes(pages),
  };
}

/** Nothing that the program may have written makes a difference. */
function unfitted(
  observations: readonly Observation[],
  source: TouchFit["source"],
  bounds: TouchFit["bounds"],
  lowest: number,
): Pick<TouchReading, "reading" | "fit"> {
  const reading = new ByFacts(lowest);
  if (observations.length === 0) {
    return { reading, fit: null };
  }
  const error = relativeError(
    observations.map(({ bytes, pages }) => ({ bytes, modelledBytes: reading.bytes(pages) })),
  );
  const outside = bounds === null ? null : sideOf(bounds);
  const nothing = { ratio: null, smallRatio: null, knownRatio: null };
  return { reading, fit: { ...nothing, source, outside, error, bounds } };
}

function sideOf({
  measuredBytes,
  noneBytes,
  allBytes,
}: NonNullable<TouchFit["bounds"]>): TouchFit["outside"] {
  if (measuredBytes < noneBytes) {
    return "below";
  }
  return measuredBytes > allBytes ? "above" : null;
}
