import type { Scenario } from "../contract/report.ts";
import { systemCallsOf } from "../system-calls-of.ts";
import { splitAtTop, type TableRows } from "../tables/column.ts";
import type { Presented } from "../wording/presented.ts";
import { printable } from "../wording/printable.ts";

/** Scenarios with equal figures; the first one represents them. */
export interface ScenarioGroup {
  readonly scenario: Scenario;
  readonly others: readonly Scenario[];
}

/** Groups in the order of their first scenarios. */
export function groupEqual(scenarios: readonly Scenario[]): ScenarioGroup[] {
  const groups = new Map<string, { scenario: Scenario; others: Scenario[] }>();
  for (const scenario of scenarios) {
    const key = figures(scenario);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { scenario, others: [] });
    } else {
      group.others.push(scenario);
    }
  }
  return [...groups.values()];
}

/** Everything that the text shows of a scenario except its name. */
function figures(scenario: Scenario): string {
  const { rss, system, requestedBytes, inUseBytes, mmapped } = scenario;
  const { trimmedBytes, failedCalls, arenaCount, pageFaults } = scenario;
  const { peakTime: _, ...bytes } = rss;
  const all = { bytes, system, requestedBytes, inUseBytes, mmapped };
  const price = { systemCalls: systemCallsOf(scenario), pageFaults };
  return JSON.stringify({ ...all, ...price, trimmedBytes, failedCalls, arenaCount });
}

/** The recorded run and the scenarios with the lowest RSS at the end and at the peak, failing ones last; in report order. */
export function lowestRss(
  groups: readonly ScenarioGroup[],
  top: number,
  failing: Presented["failing"],
): TableRows<Scenario> {
  const all = groups.map(({ scenario }) => scenario);
  const { rest } = splitAtTop(all, top);
  const [recorded, ...whatIfs] = all;
  if (rest.length === 0 || recorded === undefined) {
    return { shown: all, rest: [] };
  }
  const inOrderOf = (moment: "endBytes" | "peakBytes"): Scenario[] =>
    [...whatIfs].sort(
      (a, b) =>
        Number(failing.has(a)) - Number(failing.has(b)) ||
        a.rss[moment] - b.rss[moment] ||
        a.rss.endBytes - b.rss.endBytes,
    );
  const [byEnd, byPeak] = [inOrderOf("endBytes"), inOrderOf("peakBytes")];
  const best = byEnd.flatMap((scenario, i) => [scenario, byPeak[i] ?? scenario]);
  const shown = new Set([recorded, ...new Set(best)].slice(0, top));
  return {
    shown: all.filter((scenario) => shown.has(scenario)),
    rest: all.filter((scenario) => !shown.has(scenario)),
  };
}

/** Names the scenarios that the shown lines represent. */
export function sameAs(groups: readonly ScenarioGroup[], shown: readonly Scenario[]): string[] {
  return groups
    .filter(({ scenario, others }) => others.length > 0 && shown.includes(scenario))
    .map(({ scenario, others }) => {
      const names = others.map(({ name }) => name).join("; ");
      const as = scenario === groups[0]?.scenario ? "the recorded run" : printable(scenario.name);
      return `Same as ${as}: ${printable(names)}.`;
    });
}
