import { type Budget, parseBudget } from "../../budget/budget.ts";
import { isOfScenario, printKey } from "../../budget/budget-key.ts";
import { explain } from "../../budget/explain.ts";
import { type Evidence, judge, type NamedBudget } from "../../budget/judge.ts";
import { refusalBySchema } from "../../budget/schema-paths.ts";
import type { LogOptions } from "../../pipeline/analysis-options.ts";
import { AS_RECORDED, type BudgetResult } from "../../report/contract/report.ts";
import { reportSchema } from "../../report/report-schema.ts";
import { Exit } from "../exit-codes.ts";
import { parseScenario } from "../options/parse-settings.ts";
import { Failure } from "../problems.ts";

/** @throws Failure budget */
export function budgetOf(text: string, place: string): Budget {
  const parsed = parseBudget(text);
  if ("ok" in parsed) {
    return parsed.ok;
  }
  throw new Failure({ code: "budget", place, reason: parsed.error });
}

/** The budgets of --budget; only those in a file may have a name and a message. */
export function typedBudgets(texts: readonly string[]): NamedBudget[] {
  return texts.map((text) => {
    const place = `--budget '${text}'`;
    return { budget: budgetOf(text, place), place, name: null, message: null, minDeltaBytes: null };
  });
}

/**
 * Adds the scenarios that budgets name to the what-ifs that were asked for.
 * @throws Failure budget: the scenario cannot be replayed, or no report has such a figure
 */
export function withScenariosOf(budgets: readonly NamedBudget[], analysis: LogOptions): LogOptions {
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

/** The exit code for these results. */
export function exitFor(results: readonly BudgetResult[], allowFailure: boolean): number {
  const failed = results.filter(({ ok }) => !ok);
  if (allowFailure || failed.length === 0) {
    return Exit.done;
  }
  return failed.every(({ unreliable }) => unreliable) ? Exit.unjudged : Exit.exceeded;
}

/** What the messages about budgets refer to. */
export interface Context {
  /** the file of the report; null: the log that was just analysed */
  readonly head: string | null;
  /** the file of the earlier report; null: there is none */
  readonly base: string | null;
  /** the command that shows more about a budget that is not kept; null: none does */
  readonly commandFor: (budget: Budget) => string | null;
}

/** Compares a report with its budgets. @throws Failure budget: the report has no such figure */
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
    const explained = named.budget.limit.isGrowth ? evidence : { ...evidence, base: null };
    return {
      ...result,
      explanation: result.unreliable ? [] : explain(named.budget, result, explained),
      command: result.ok || result.unreliable ? null : commandFor(named.budget),
    };
  });
}
