import type { Diagnostics } from "../input/diagnostics.ts";
import type { ReadSummary } from "./analysis-result.ts";

/** Returns what the reading of `sources` found. `complete` is false when reading was interrupted. */
export function readSummary(
  { lines, samples, malformedKinds, truncatedInputs }: Diagnostics,
  sources: readonly string[],
  complete: boolean,
): ReadSummary {
  return {
    complete,
    sources,
    lines,
    malformedSamples: samples,
    malformedKinds,
    truncatedInputs,
  };
}
