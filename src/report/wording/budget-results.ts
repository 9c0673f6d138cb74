import { plural } from "./format.ts";
import type { PresentedBudget } from "./presented.ts";

/** "2 budgets kept", "1 of 2 budgets not kept", "1 of 2 budgets not judged" */
export function budgetsKept(budgets: readonly PresentedBudget[]): string {
  const all = plural(budgets.length, "budget");
  const unjudged = budgets.filter(({ result }) => result.unreliable).length;
  const exceeded = budgets.filter(({ result }) => !result.ok).length - unjudged;
  if (exceeded + unjudged === 0) {
    return `${all} kept`;
  }
  const parts = [
    ...(exceeded === 0 ? [] : [`${exceeded} of ${all} not kept`]),
    ...(unjudged === 0 ? [] : [`${unjudged} of ${all} not judged`]),
  ];
  return parts.join(", ");
}

/** Budgets that are not kept come first. */
export function exceededFirst(budgets: readonly PresentedBudget[]): PresentedBudget[] {
  return [
    ...budgets.filter(({ result }) => !result.ok),
    ...budgets.filter(({ result }) => result.ok),
  ];
}
