import { presentBudgets } from "../insight/budget-sentences.ts";
import type { PresentedBudget } from "../report/wording/presented.ts";
import type { Diff } from "./diff.ts";
import { diffVerdict } from "./diff-verdict.ts";

/** What diffText formats: the figures and every judgement of them. */
export interface PresentedDiff {
  readonly diff: Diff;
  readonly verdict: readonly string[];
  readonly budgets: readonly PresentedBudget[];
}

export function presentDiff(diff: Diff): PresentedDiff {
  return { diff, verdict: diffVerdict(diff), budgets: presentBudgets(diff.budgets) };
}
