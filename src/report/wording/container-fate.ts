import type { Container, Scenario } from "../contract/report.ts";

/** "may not fit": the limit lies within the range of the prediction. */
export type Fate = "fits" | "may not fit" | "killed";

type Base = Pick<Container, "baseRssBytes" | "measuredBytes">;

/** What becomes of a scenario in a container with this limit. */
export function fateOf(
  scenario: Scenario,
  recorded: Scenario,
  limitBytes: number,
  base: Base,
): Fate {
  const { leastBytes, mostBytes } = needsOf(scenario, recorded, base);
  if (mostBytes <= limitBytes) {
    return "fits";
  }
  return leastBytes <= limitBytes ? "may not fit" : "killed";
}

/**
 * The range of what the process needs at its peak. Where more was measured of the recorded run than its model has, the models
 * of other settings may lack as much.
 */
export function needsOf(
  scenario: Scenario,
  recorded: Scenario,
  { baseRssBytes, measuredBytes = 0 }: Base,
): { readonly leastBytes: number; readonly mostBytes: number } {
  const leastBytes = baseRssBytes + scenario.rss.peakLowBytes;
  const mostBytes = baseRssBytes + scenario.rss.peakHighBytes;
  if (scenario === recorded) {
    return {
      leastBytes: Math.max(leastBytes, measuredBytes),
      mostBytes: Math.max(mostBytes, measuredBytes),
    };
  }
  const lacked = Math.max(0, measuredBytes - baseRssBytes - recorded.rss.peakBytes);
  return { leastBytes, mostBytes: mostBytes + lacked };
}
