import type { Scenario } from "../report/report.ts";

/** False where calls that the recorded process got memory for would have got NULL: its low RSS is no recommendation. */
export function servesAllCalls(
  scenario: Pick<Scenario, "failedCalls">,
  recorded: Pick<Scenario, "failedCalls">,
): boolean {
  return scenario.failedCalls <= recorded.failedCalls;
}
