import type { BudgetResult } from "../report/contract/report.ts";
import {
  byteUnit,
  change,
  exact,
  percent,
  placeInNoise,
  plural,
  size,
  sizeRange,
} from "../report/wording/format.ts";
import type { PresentedBudget } from "../report/wording/presented.ts";
import { printable } from "../report/wording/printable.ts";

/** Results of budgets in words. */
export function presentBudgets(results: readonly BudgetResult[]): PresentedBudget[] {
  return results.map((result) => {
    const reasons = reasonsOf(result);
    const more = result.command === null ? [] : [printable(`More: ${result.command}`)];
    return {
      result,
      id: idOf(result),
      name: result.name ?? idOf(result),
      sentence: sentenceOf(result),
      limit: `${OPERATORS[result.operator]} ${amount(result.unit, result.limit)}`,
      actual: amount(result.unit, result.actual),
      reasons,
      details: [...reasons, ...more],
    };
  });
}

const OPERATORS: Readonly<Record<BudgetResult["operator"], string>> = {
  "<=": "at most",
  "<": "below",
  ">=": "at least",
  ">": "above",
};

function amount(unit: BudgetResult["unit"], value: number): string {
  switch (unit) {
    case "bytes":
      return size(value);
    case "ratio":
      return percent(value);
    case "count":
      return plainNumber(value);
    default:
      return unit satisfies never;
  }
}

/** The key, its value, and the distance to the limit. */
function sentenceOf(budget: BudgetResult): string {
  const { key, name, operator, limit, actual, base, ok } = budget;
  const [is, allowed, before] = comparable(budget.unit, [actual, limit, base ?? actual]);
  const subject = name === null ? key : `${name}: ${key}`;
  const from = base === null ? "" : `${before} before${growth(budget.unit, base, actual)}`;
  const isMinimum = operator.startsWith(">");
  if (budget.unreliable) {
    return printable(`${subject} cannot be judged: the log does not show what glibc holds`);
  }
  if (ok) {
    const bound = isMinimum ? `minimum ${allowed}` : `limit ${allowed}`;
    return printable(
      `${subject} is ${is} (${bound}${from === "" ? "" : `; ${from}`})${noiseText(budget)}`,
    );
  }
  const now = `${subject} is ${is}${from === "" ? "" : ` (${from})`}`;
  if (actual === limit) {
    return printable(`${now}, not ${isMinimum ? "above" : "below"} ${allowed}${noiseText(budget)}`);
  }
  const by = difference(budget);
  return printable(
    `${now}: ${by} ${isMinimum ? `below the minimum of ${allowed}` : `over the limit of ${allowed}`}${noiseText(budget)}`,
  );
}

/** ", within the noise of 3 runs (19 MiB to 28 MiB)"; empty without --runs, and for an unchanged figure. */
function noiseText({ noise, unit, actual, limit, base }: BudgetResult): string {
  if (noise === undefined || actual === base) {
    return "";
  }
  const { least, most, runs } = noise;
  const range =
    unit === "bytes"
      ? sizeRange(least, most, byteUnit([actual, limit, base ?? actual]))
      : comparable(unit, [least, most]).join(" to ");
  return `, ${placeInNoise(noise, actual)} the noise of ${plural(runs, "run")} (${range})`;
}

/** The explanation, and the configured message if the budget is not kept. */
function reasonsOf({ ok, explanation, message }: BudgetResult): string[] {
  const configured = ok || message === null ? [] : [message];
  return [...explanation, ...configured].map(printable);
}

/** Values in one unit, with all digits if rounding would make different values look equal. */
function comparable(unit: BudgetResult["unit"], values: readonly number[]): string[] {
  const common = byteUnit(values);
  const brief = values.map((value) =>
    unit === "bytes" ? size(value, common) : amount(unit, value),
  );
  if (new Set(brief).size === new Set(values).size) {
    return brief;
  }
  switch (unit) {
    case "bytes":
      return values.map((value) => `${exact(value)} B`);
    case "ratio":
      return values.map((value) => `${value * 100} %`);
    case "count":
      return brief;
    default:
      return unit satisfies never;
  }
}

function plainNumber(value: number): string {
  return Number.isInteger(value) ? exact(value) : String(value);
}

/** ", +5.3 %", or percentage points for a ratio; empty if there is no percentage. */
function growth(unit: BudgetResult["unit"], base: number, actual: number): string {
  if (unit === "ratio") {
    return `, ${actual < base ? "-" : "+"}${points(actual - base)}`;
  }
  const changed = change(base, actual);
  return changed === null ? "" : `, ${changed}`;
}

function difference({ unit, actual, limit }: BudgetResult): string {
  const by = Math.abs(actual - limit);
  if (unit === "ratio") {
    return points(by);
  }
  // A percentage above 1000 % says no more than the two figures.
  const part = by > 10 * Math.abs(limit) ? "" : ` (${percent(by / Math.abs(limit))})`;
  return `${amount(unit, by)}${part}`;
}

/** Percentage points, without a sign. */
function points(ratio: number): string {
  return `${plainNumber(Number((Math.abs(ratio) * 100).toPrecision(3)))} points`;
}

/** Identifies the budget in the next run, whose limit may differ. A key and its growth are two budgets. */
function idOf({ key, base }: BudgetResult): string {
  return base === null ? key : `${key} growth`;
}
