import { plural } from "./format.ts";
import type { PresentedBudget } from "./presented.ts";

/** "2 budgets kept", "1 of 2 budgets not kept" */
export function budgetsKept(budgets: readonly PresentedBudget[]): string {
  const exceeded = budgets.filter(({ result }) => !result.ok).length;
  const all = plural(budgets.length, "budget");
  return exceeded === 0 ? `${all} kept` : `${exceeded} of ${all} not kept`;
}

/** Budgets that are not kept come first. */
export function exceededFirst(budgets: readonly PresentedBudget[]): PresentedBudget[] {
  return [
    ...budgets.filter(({ result }) => !result.ok),
    ...budgets.filter(({ result }) => result.ok),
  ];
}
