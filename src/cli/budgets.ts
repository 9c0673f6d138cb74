import { type Budget, parseBudget } from "../budget/budget.ts";
import { isOfScenario, printKey } from "../budget/budget-key.ts";
import { explain } from "../budget/explain.ts";
import { type Evidence, judge, type NamedBudget } from "../budget/judge.ts";
import { refusalBySchema } from "../budget/schema-paths.ts";
import type { AnalysisOptions } from "../pipeline/analysis-options.ts";
import { AS_RECORDED, type BudgetResult } from "../report/report.ts";
import { reportSchema } from "../report/report-schema.ts";
import { Failure } from "./problems.ts";
import { parseScenario } from "./settings.ts";

/** @throws Failure budget */
export function budgetOf(text: string, place: string): Budget {
  const parsed = parseBudget(text);
  if ("ok" in parsed) {
    return parsed.ok;
  }
  throw new Failure({ code: "budget", place, reason: parsed.error });
}

/** Those of --budget, which have no names. */
export function typedBudgets(texts: readonly string[]): NamedBudget[] {
  return texts.map((text) => {
    const place = `--budget '${text}'`;
    return { budget: budgetOf(text, place), place, name: null, message: null, minDeltaBytes: null };
  });
}

/**
 * The analysis with the scenarios that budgets name, after those asked for.
 * @throws Failure budget: no scenario of that name can be replayed, or no report has such a figure
 */
export function withScenariosOf(
  budgets: readonly NamedBudget[],
  analysis: AnalysisOptions,
): AnalysisOptions {
  const whatIfs = [...analysis.whatIfs];
  const schema: unknown = JSON.parse(reportSchema());
  for (const { budget, place } of budgets) {
    const { scenario } = budget.key;
    const refused = refusalBySchema(budget.key, schema);
    if (refused !== null) {
      throw new Failure({ code: "budget", place, reason: refused });
    }
    if (isOfScenario(budget.key) && !analysis.model) {
      const reason = `${printKey(budget.key)} needs the model; leave out --no-model`;
      throw new Failure({ code: "budget", place, reason });
    }
    if (scenario === null || scenario === AS_RECORDED) {
      continue;
    }
    const parsed = parseScenario(scenario, analysis.glibc);
    if ("error" in parsed) {
      throw new Failure({ code: "budget", place, reason: `@${scenario}: ${parsed.error}` });
    }
    if (!whatIfs.some(({ name }) => name === parsed.ok.name)) {
      whatIfs.push(parsed.ok);
    }
  }
  return { ...analysis, whatIfs };
}

/** The files of the two reports, for messages (null: what was just analysed), and the command that shows more of a budget that was not kept. */
export interface Context {
  readonly head: string | null;
  readonly base: string | null;
  readonly commandFor: (budget: Budget) => string | null;
}

/** @throws Failure budget: the report has no such figure */
export function judgeAll(
  budgets: readonly NamedBudget[],
  evidence: Evidence,
  { head, base, commandFor }: Context,
): BudgetResult[] {
  return budgets.map((named) => {
    const judged = judge(named, evidence);
    if ("error" in judged) {
      const file = judged.in === "base" ? base : head;
      const reason = `${file === null ? "" : `${file}: `}${judged.error}`;
      throw new Failure({ code: "budget", place: named.place, reason });
    }
    const { ok: result } = judged;
    const about = named.budget.limit.isGrowth ? evidence : { ...evidence, base: null };
    return {
      ...result,
      explanation: explain(named.budget, result, about),
      command: result.ok ? null : commandFor(named.budget),
    };
  });
}
