import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import type { Report } from "../../report/contract/report.ts";
import type { AnalysisRequest } from "../analysis/analysis-request.ts";

/** Returns the what-ifs that the report names as cures, the best first; `isBest`: only those that are best for a moment. */
export function curesAmong(
  { analysis: { whatIfs, trials = [] } }: AnalysisRequest,
  { cures = [] }: Report,
  isBest: boolean,
): ScenarioSpec[] {
  const tried = [...whatIfs, ...trials];
  return cures
    .filter(({ bestFor }) => !isBest || bestFor.length > 0)
    .flatMap((cure) => tried.find(({ name, glibc }) => name === cure.name && glibc === null) ?? []);
}
