import type { Scenario } from "../report.ts";

/** Scenarios that come to the same figures; the first of them stands for all. */
export interface Alike {
  readonly scenario: Scenario;
  readonly others: readonly Scenario[];
}

/** In the order of the first of each. */
export function groupAlike(scenarios: readonly Scenario[]): Alike[] {
  const groups = new Map<string, { scenario: Scenario; others: Scenario[] }>();
  for (const scenario of scenarios) {
    const key = figures(scenario);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { scenario, others: [] });
    else group.others.push(scenario);
  }
  return [...groups.values()];
}

/** All that the text tells of a scenario beside its name. */
function figures(scenario: Scenario): string {
  const { rss, system, requestedBytes, inUseBytes, mmapped } = scenario;
  const { trimmedBytes, failedCalls, arenaCount } = scenario;
  const { peakTime: _, ...bytes } = rss;
  const all = { bytes, system, requestedBytes, inUseBytes, mmapped };
  return JSON.stringify({ ...all, trimmedBytes, failedCalls, arenaCount });
}
