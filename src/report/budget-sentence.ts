import { change, exact, percent, size } from "./format.ts";
import type { BudgetResult } from "./report.ts";

/** A limit or what it is held against, in the budget's own unit. */
export function amount({ unit }: BudgetResult, value: number): string {
  if (unit === "bytes") return size(value);
  if (unit === "ratio") return percent(value);
  return Number.isInteger(value) ? exact(value) : String(value);
}

const WORDS: Readonly<Record<BudgetResult["operator"], string>> = {
  "<=": "at most",
  "<": "below",
  ">=": "at least",
  ">": "above",
};

/** "at most 400 MiB" */
export function limitInWords(budget: BudgetResult): string {
  return `${WORDS[budget.operator]} ${amount(budget, budget.limit)}`;
}

/** One sentence of one budget: "rss is 412.1 MiB (+3.0 %), it should be at most 400 MiB". */
export function budgetSentence(budget: BudgetResult): string {
  // A percentage of a percentage would only puzzle.
  const by = budget.ok || budget.unit === "ratio" ? null : change(budget.limit, budget.actual);
  const off = by === null ? "" : ` (${by})`;
  return `${budget.key} is ${amount(budget, budget.actual)}${off}, it should be ${limitInWords(budget)}`;
}

/** Those that do not hold come first. */
export function exceededFirst(budgets: readonly BudgetResult[]): BudgetResult[] {
  return [...budgets.filter(({ ok }) => !ok), ...budgets.filter(({ ok }) => ok)];
}
