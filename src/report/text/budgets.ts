import { byteUnit, change, exact, percent, plural, size } from "../format.ts";
import type { BudgetResult } from "../report.ts";
import { printable } from "./printable.ts";
import { type TextStyle, wrap } from "./style.ts";

/** Budgets that were kept, a line each, then those that were not, with what explains it, and their number. */
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
    : kept.flatMap((budget) => entry(chalk.green("ok"), budgetSentence(budget), [], style));
  for (const budget of exceeded) {
    lines.push(
      ...entry(chalk.bold.red("FAIL"), budgetSentence(budget), budgetDetails(budget), style),
    );
  }
  const all = plural(budgets.length, "budget");
  if (exceeded.length > 0) {
    const names = new Set(exceeded.map(({ name, key }) => printable(name ?? key)));
    const keys = [...names].join("; ");
    lines.push(...wrap(`${exceeded.length} of ${all} not kept: ${keys}`, style.width));
  } else if (!onlyExceeded) {
    lines.push(`${all} kept`);
  }
  return lines.join("\n");
}

/** One line: what it is about, what it is, and by how much that is within the limit or beyond it. */
export function budgetSentence(budget: BudgetResult): string {
  const { key, name, operator, limit, actual, base, ok } = budget;
  const [is, allowed, before] = figures(budget.unit, [actual, limit, base ?? actual]);
  const about = name === null ? key : `${name}: ${key}`;
  const from = base === null ? "" : `${before} before${ofBase(budget)}`;
  const least = operator.startsWith(">");
  const bound = least ? `at least ${allowed}` : `limit ${allowed}`;
  if (ok) return printable(`${about} is ${is} (${bound}${from === "" ? "" : `; ${from}`})`);
  const now = `${about} is ${is}${from === "" ? "" : ` (${from})`}`;
  if (actual === limit) return printable(`${now}, and not ${least ? "above" : "below"} it`);
  const by = difference(budget);
  const beyond = least ? `${by} below the least, ${allowed}` : `${by} over the limit of ${allowed}`;
  return printable(`${now}: ${beyond}`);
}

/** What stands below the sentence of a budget that was not kept. */
export function budgetDetails({ explanation, message, command }: BudgetResult): string[] {
  const more = command === null ? [] : [`More: ${command}`];
  return [...explanation, ...(message === null ? [] : [message]), ...more].map(printable);
}

/** Values that are compared have one unit, and all their digits where fewer would make them look equal. */
function figures(unit: BudgetResult["unit"], values: readonly number[]): string[] {
  if (unit === "count") return values.map(plainNumber);
  const inBrief =
    unit === "ratio" ? percent : (value: number): string => size(value, byteUnit(values));
  const brief = values.map(inBrief);
  if (new Set(brief).size === new Set(values).size) return brief;
  return values.map((value) => (unit === "ratio" ? `${value * 100} %` : `${exact(value)} B`));
}

function plainNumber(value: number): string {
  return Number.isInteger(value) ? exact(value) : String(value);
}

function ofBase({ unit, actual, base }: BudgetResult): string {
  if (base === null) return "";
  if (unit === "ratio") return `, ${actual < base ? "-" : "+"}${points(actual - base)}`;
  const changed = change(base, actual);
  return changed === null ? "" : `, ${changed}`;
}

function difference({ unit, actual, limit }: BudgetResult): string {
  const by = Math.abs(actual - limit);
  if (unit === "ratio") return points(by);
  // Many times a limit is no percentage that anybody reads.
  const part = by > 10 * Math.abs(limit) ? "" : ` (${percent(by / Math.abs(limit))})`;
  return `${unit === "bytes" ? size(by) : plainNumber(by)}${part}`;
}

/** Percentage points, without a sign. */
function points(ratio: number): string {
  return `${plainNumber(Number((Math.abs(ratio) * 100).toPrecision(3)))} points`;
}

const INDENT = 6;

function entry(
  mark: string,
  sentence: string,
  details: readonly string[],
  { width }: TextStyle,
): string[] {
  const [first = "", ...rest] = wrap(sentence, width - INDENT);
  // The mark may carry colour, which takes no columns: both marks are at most 4 wide.
  const head = `${mark}${" ".repeat(mark.includes("FAIL") ? 2 : 4)}${first}`;
  const below = [...rest, ...details.flatMap((text) => wrapDetail(text, width - INDENT))];
  return [head, ...below.map((line) => `${" ".repeat(INDENT)}${line}`)];
}

/** A command is to be copied: it stays on its line. */
function wrapDetail(text: string, width: number): string[] {
  return text.startsWith("More: ") ? [text] : wrap(text, width);
}
