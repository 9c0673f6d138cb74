import type { Scenario } from "../../report/contract/report.ts";

/** False if calls that succeeded in the recorded run would return NULL: such a scenario is no advice, whatever its RSS. */
export function servesAllCalls(
  scenario: Pick<Scenario, "failedCalls">,
  recorded: Pick<Scenario, "failedCalls">,
): boolean {
  return scenario.failedCalls <= recorded.failedCalls;
}
