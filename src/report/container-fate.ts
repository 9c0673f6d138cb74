import type { Scenario } from "./report.ts";

/** "may not fit": the limit lies within the range of the prediction. */
export type Fate = "fits" | "may not fit" | "killed";

/** What becomes of a scenario in a container with this limit and so many bytes resident outside malloc. */
export function fateOf({ rss }: Scenario, limitBytes: number, baseRssBytes: number): Fate {
  if (baseRssBytes + rss.peakHighBytes <= limitBytes) {
    return "fits";
  }
  return baseRssBytes + rss.peakLowBytes <= limitBytes ? "may not fit" : "killed";
}
