import type { Presented } from "../report/presented.ts";
import type { Report } from "../report/report.ts";
import { basis } from "./basis.ts";
import { presentBudgets } from "./budget-sentences.ts";
import { anomalyItems, malformedItem } from "./log-anomalies.ts";
import { servesAllCalls } from "./served-calls.ts";
import { fidelityTone, interruption, verdict } from "./verdict.ts";
import { whatIfNotes } from "./what-if-notes.ts";

/** The report with all that is said of it, for the writers. */
export function present(report: Report): Presented {
  const { scenarios, trace, budgets, model } = report;
  const [recorded] = scenarios;
  return {
    report,
    verdict: verdict(report),
    interruption: interruption(report),
    budgets: presentBudgets(budgets),
    failing: new Set(
      scenarios.filter((scenario) => recorded !== undefined && !servesAllCalls(scenario, recorded)),
    ),
    whatIfNotes: whatIfNotes(report),
    fidelityTone: model === null ? "plain" : fidelityTone(model.fidelity),
    anomalies: anomalyItems(trace),
    malformed: malformedItem(trace),
    basis: basis(report),
  };
}
