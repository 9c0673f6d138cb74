import { budgetsKept } from "../wording/budget-results.ts";
import type { PresentedBudget } from "../wording/presented.ts";
import { printable } from "../wording/printable.ts";
import { type TextStyle, wrap } from "./style.ts";

/** Budgets that were kept, then those that were not, with their reasons; then the count. */
export function budgetList(
  budgets: readonly PresentedBudget[],
  style: TextStyle,
  { onlyExceeded = false }: { onlyExceeded?: boolean } = {},
): string {
  const { chalk } = style;
  const kept = budgets.filter(({ result }) => result.ok);
  const exceeded = budgets.filter(({ result }) => !result.ok);
  const lines = onlyExceeded
    ? []
    : kept.flatMap((budget) => entry(chalk.green("ok"), budget, style));
  for (const budget of exceeded) {
    lines.push(...entry(chalk.bold.red("FAIL"), budget, style));
  }
  if (exceeded.length > 0) {
    const names = new Set(exceeded.map(({ name }) => printable(name)));
    const keys = [...names].join("; ");
    lines.push(...wrap(`${budgetsKept(budgets)}: ${keys}`, style.width));
  } else if (!onlyExceeded) {
    lines.push(budgetsKept(budgets));
  }
  return lines.join("\n");
}

const INDENT = 6;

function entry(
  mark: string,
  { sentence, reasons, details }: PresentedBudget,
  { width }: TextStyle,
): string[] {
  const [first = "", ...rest] = wrap(sentence, width - INDENT);
  // The mark may contain colour codes, which have no width: pad by its text.
  const head = `${mark}${" ".repeat(mark.includes("FAIL") ? 2 : 4)}${first}`;
  const below = [
    ...rest,
    ...reasons.flatMap((text) => wrap(text, width - INDENT)),
    // The command stays on one line, to be copied.
    ...details.slice(reasons.length),
  ];
  return [head, ...below.map((line) => `${" ".repeat(INDENT)}${line}`)];
}
