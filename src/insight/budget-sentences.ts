import { byteUnit, change, exact, percent, size } from "../report/format.ts";
import type { PresentedBudget } from "../report/presented.ts";
import { printable } from "../report/printable.ts";
import type { BudgetResult } from "../report/report.ts";

export function presentBudgets(results: readonly BudgetResult[]): PresentedBudget[] {
  return results.map((result) => {
    const reasons = reasonsOf(result);
    const more = result.command === null ? [] : [printable(`More: ${result.command}`)];
    return {
      result,
      id: idOf(result),
      name: result.name ?? idOf(result),
      sentence: budgetSentence(result),
      limit: limitInWords(result),
      actual: amount(result, result.actual),
      reasons,
      details: [...reasons, ...more],
    };
  });
}

/** A limit or what it is held against, in the budget's own unit. */
function amount({ unit }: BudgetResult, value: number): string {
  if (unit === "bytes") {
    return size(value);
  }
  return unit === "ratio" ? percent(value) : plainNumber(value);
}

const WORDS: Readonly<Record<BudgetResult["operator"], string>> = {
  "<=": "at most",
  "<": "below",
  ">=": "at least",
  ">": "above",
};

/** "at most 400 MiB" */
function limitInWords(budget: BudgetResult): string {
  return `${WORDS[budget.operator]} ${amount(budget, budget.limit)}`;
}

/** One line: what it is about, what it is, and by how much that is within the limit or beyond it. */
function budgetSentence(budget: BudgetResult): string {
  const { key, name, operator, limit, actual, base, ok } = budget;
  const [is, allowed, before] = figures(budget.unit, [actual, limit, base ?? actual]);
  const about = name === null ? key : `${name}: ${key}`;
  const from = base === null ? "" : `${before} before${ofBase(budget)}`;
  const least = operator.startsWith(">");
  const bound = least ? `at least ${allowed}` : `limit ${allowed}`;
  if (ok) {
    return printable(`${about} is ${is} (${bound}${from === "" ? "" : `; ${from}`})`);
  }
  const now = `${about} is ${is}${from === "" ? "" : ` (${from})`}`;
  if (actual === limit) {
    return printable(`${now}, not ${least ? "above" : "below"} ${allowed}`);
  }
  const by = difference(budget);
  const beyond = least ? `${by} below the least, ${allowed}` : `${by} over the limit of ${allowed}`;
  return printable(`${now}: ${beyond}`);
}

/** What stands below that sentence; people's own message is for the case that the budget is not kept. */
function reasonsOf({ ok, explanation, message }: BudgetResult): string[] {
  const told = ok || message === null ? [] : [message];
  return [...explanation, ...told].map(printable);
}

/** Values that are compared have one unit, and all their digits where fewer would make them look equal. */
function figures(unit: BudgetResult["unit"], values: readonly number[]): string[] {
  if (unit === "count") {
    return values.map(plainNumber);
  }
  const inBrief =
    unit === "ratio" ? percent : (value: number): string => size(value, byteUnit(values));
  const brief = values.map(inBrief);
  if (new Set(brief).size === new Set(values).size) {
    return brief;
  }
  return values.map((value) => (unit === "ratio" ? `${value * 100} %` : `${exact(value)} B`));
}

function plainNumber(value: number): string {
  return Number.isInteger(value) ? exact(value) : String(value);
}

function ofBase({ unit, actual, base }: BudgetResult): string {
  if (base === null) {
    return "";
  }
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
  // Many times a limit is no percentage that anybody reads.
  const part = by > 10 * Math.abs(limit) ? "" : ` (${percent(by / Math.abs(limit))})`;
  return `${unit === "bytes" ? size(by) : plainNumber(by)}${part}`;
}

/** Percentage points, without a sign. */
function points(ratio: number): string {
  return `${plainNumber(Number((Math.abs(ratio) * 100).toPrecision(3)))} points`;
}

/**
 * What a budget is known again by, in the next run, too, when its limit may be another. A key's growth is a budget beside
 * that of the key.
 */
function idOf({ key, base }: BudgetResult): string {
  return base === null ? key : `${key} growth`;
}
