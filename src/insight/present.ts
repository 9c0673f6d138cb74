import type { CausesOfScenario, Report } from "../report/contract/report.ts";
import type { Presented } from "../report/wording/presented.ts";
import { presentBudgets } from "./budget-sentences.ts";
import { presentCures } from "./cures/cure-sentences.ts";
import { servesAllCalls } from "./cures/served-calls.ts";
import { whatIfNotes } from "./cures/what-if-notes.ts";
import { basis } from "./evidence/basis.ts";
import { isUnreliable } from "./evidence/grade.ts";
import { threadBuffersSentence } from "./evidence/lines-in-blocks.ts";
import { anomalySentences, malformedSentence } from "./evidence/log-anomalies.ts";
import { observedNotes } from "./evidence/observed-sentences.ts";
import { processTotals } from "./process-sentences.ts";
import { fidelityTone, interruption, verdict } from "./verdict.ts";

/** The report and every judgement of it, for the writers. */
export function present(report: Report): Presented {
  const { scenarios, trace, budgets, model } = report;
  const [recorded] = scenarios;
  const buffers = threadBuffersSentence(trace);
  const failing = scenarios.filter(
    (scenario) => recorded !== undefined && !servesAllCalls(scenario, recorded),
  );
  return {
    report,
    verdict: verdict(report),
    interruption: interruption(report),
    budgets: presentBudgets(budgets),
    failing: new Set(failing),
    processTotals: processTotals(report),
    causes: knownCauses(report),
    cures: presentCures(report),
    whatIfNotes: whatIfNotes(report),
    observedNotes: observedNotes(report),
    trustsModel: !isUnreliable(report),
    fidelityTone: model === null ? "plain" : fidelityTone(model.fidelity),
    anomalies: [...(buffers === null ? [] : [buffers]), ...anomalySentences(trace.anomalies)],
    malformed: malformedSentence(trace),
    basis: basis(report),
  };
}

function knownCauses(report: Report): CausesOfScenario | null {
  const [recorded] = report.scenarios;
  return recorded === undefined || recorded.rss.peakBytes === 0 || isUnreliable(report)
    ? null
    : (report.causes?.[recorded.name] ?? null);
}
