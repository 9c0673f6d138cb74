import type { Scenario } from "../../report/contract/report.ts";
import type { SweptScenario } from "../../report/contract/sweep.ts";
import { systemCallsOf } from "../../report/system-calls-of.ts";
import { paretoSet } from "./pareto.ts";
import { servesAllCalls } from "./served-calls.ts";
import { threadsPerArena } from "./threads-per-arena.ts";

/**
 * The scenarios of a sweep, of which the first is the recorded run: the Pareto set of RSS at the peak, RSS at the end, and
 * price, then the others. One in which calls would fail is in no such set.
 */
export function swept(scenarios: readonly Scenario[]): SweptScenario[] {
  const [recorded] = scenarios;
  const serving = scenarios.filter(
    (one) => recorded === undefined || servesAllCalls(one, recorded),
  );
  const best = paretoSet(serving, (one) => [one.rss.peakBytes, one.rss.endBytes, priceOf(one)]);
  return scenarios
    .map((scenario) => ({
      name: scenario.name,
      settings: scenario.settings,
      trim: scenario.trim,
      glibc: scenario.glibc,
      rss: scenario.rss,
      price: priceOf(scenario),
      systemCalls: scenario.systemCalls,
      pageFaults: scenario.pageFaults,
      failedCalls: scenario.failedCalls,
      arenaCount: scenario.arenaCount,
      threadsPerArena: threadsPerArena(scenario),
      pareto: best.has(scenario),
    }))
    .sort(
      (a, b) =>
        Number(b.pareto) - Number(a.pareto) ||
        a.rss.peakBytes - b.rss.peakBytes ||
        a.rss.endBytes - b.rss.endBytes ||
        a.price - b.price,
    );
}

function priceOf(scenario: Scenario): number {
  return systemCallsOf(scenario) + scenario.pageFaults;
}
