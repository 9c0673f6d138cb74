import { budgetDetails, budgetName, budgetSentence, budgetsKept } from "../budget-sentence.ts";
import type { BudgetResult } from "../report.ts";
import { printable } from "./printable.ts";
import { type TextStyle, wrap } from "./style.ts";

/** Budgets that were kept, then those that were not, each with what there is to say of it, and their number. */
export function budgetList(
  budgets: readonly BudgetResult[],
  style: TextStyle,
  { onlyExceeded = false }: { onlyExceeded?: boolean } = {},
): string {
  const { chalk } = style;
  const kept = budgets.filter(({ ok }) => ok);
  const exceeded = budgets.filter(({ ok }) => !ok);
  const lines = onlyExceeded
    ? []
    : kept.flatMap((budget) => entry(chalk.green("ok"), budget, style));
  for (const budget of exceeded) {
    lines.push(...entry(chalk.bold.red("FAIL"), budget, style));
  }
  if (exceeded.length > 0) {
    const names = new Set(exceeded.map((budget) => printable(budgetName(budget))));
    const keys = [...names].join("; ");
    lines.push(...wrap(`${budgetsKept(budgets)}: ${keys}`, style.width));
  } else if (!onlyExceeded) {
    lines.push(budgetsKept(budgets));
  }
  return lines.join("\n");
}

const INDENT = 6;

function entry(mark: string, budget: BudgetResult, { width }: TextStyle): string[] {
  const [first = "", ...rest] = wrap(budgetSentence(budget), width - INDENT);
  // The mark may carry colour, which takes no columns: both marks are at most 4 wide.
  const head = `${mark}${" ".repeat(mark.includes("FAIL") ? 2 : 4)}${first}`;
  const below = [
    ...rest,
    ...budgetDetails(budget).flatMap((text) => wrapDetail(text, width - INDENT)),
  ];
  return [head, ...below.map((line) => `${" ".repeat(INDENT)}${line}`)];
}

/** A command is to be copied: it stays on its line. */
function wrapDetail(text: string, width: number): string[] {
  return text.startsWith("More: ") ? [text] : wrap(text, width);
}
