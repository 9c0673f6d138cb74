import type { TouchFit } from "../../report/report.ts";
import { fitPart, type Observation, relativeError } from "./fit.ts";
import { AsGiven, ByFacts, Fitted, pagesAtRatio, pagesAtShare, type Reading } from "./reading.ts";
import type { TouchPolicy } from "./touch.ts";

/** How the figures of an analysis are read from the planes, and what the report says of it. */
export interface TouchReading {
  /** name of the policy */
  readonly name: string;
  readonly reading: Reading;
  /** null where nothing was fitted */
  readonly fit: TouchFit | null;
}

/** Returns the reading under the policy. A fitted policy meets the `observations`, if there are any. */
export function touchReading(
  policy: TouchPolicy,
  observations: readonly Observation[],
): TouchReading {
  if (policy === "facts") {
    return { name: policy, reading: new ByFacts(), fit: null };
  }
  if (typeof policy === "string") {
    return { name: policy, reading: new AsGiven(), fit: null };
  }
  if ("ratio" in policy) {
    return { name: String(policy.ratio), reading: new AsGiven(), fit: null };
  }
  const source = policy.fitted === null ? "rss samples" : "--observed-rss";
  const found = fitPart(observations, pagesAtRatio);
  if (found === null) {
    const reading = new ByFacts();
    const fit = observations.length === 0 ? null : unfitted(observations, reading, source);
    return { name: "facts", reading, fit };
  }
  const { part: ratio, outside, error } = found;
  const share = fitPart(observations, pagesAtShare)?.part ?? 1;
  const fit = { ratio, source, outside, error } as const;
  return { name: "fitted", reading: new Fitted(ratio, share), fit };
}

/** No block is large enough for a ratio to make a difference. */
function unfitted(
  observations: readonly Observation[],
  reading: Reading,
  source: TouchFit["source"],
): TouchFit {
  const modelled = observations.map(({ bytes, pages }) => ({
    bytes,
    modelledBytes: reading.bytes(pages),
  }));
  return { ratio: null, source, outside: null, error: relativeError(modelled) };
}
