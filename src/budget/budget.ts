import type { BudgetResult } from "../report/contract/report.ts";
import type { Parsed } from "../report/wording/parsed.ts";
import { parseSize } from "../report/wording/sizes.ts";
import { type BudgetKey, printKey, SHORT_NAMES, shortNameIn, type Unit } from "./budget-key.ts";
import { unknownName } from "./unknown-name.ts";

export interface Limit {
  /** bytes, a ratio (0.05 is 5 %), or the plain number typed; negative only if `isGrowth` */
  readonly value: number;
  readonly unit: "plain" | "bytes" | "percent";
  /** typed with a sign: relative to the value in an earlier report */
  readonly isGrowth: boolean;
}

/** A parsed `KEY<=VALUE`. */
export interface Budget {
  readonly key: BudgetKey;
  readonly operator: BudgetResult["operator"];
  readonly limit: Limit;
}

const QUOTED = String.raw`"(?:[^"\\]|\\["\\])*"`;

/** thread, path, scenario, operator, value */
const BUDGET = new RegExp(
  String.raw`^(?:thread:(${QUOTED}|[^"<>@.\s][^"<>@.]*)\.)?([\w-]+(?:\.[\w-]+)*)(?:\s*@\s*(${QUOTED}|[^"<>\s](?:[^"<>]*[^"<>\s])?))?\s*(<=|>=|<|>)(.*)$`,
);

/** Parses budgets such as `rss@MALLOC_ARENA_MAX=1<=900MiB` or `thread:16342.volume<=1GiB`. */
export function parseBudget(text: string): Parsed<Budget> {
  const match = BUDGET.exec(text.trim());
  if (match === null) {
    return { error: whatIsMissing(text) };
  }
  const [, thread, path = "", scenario, operator = "", value = ""] = match;
  const key: BudgetKey = {
    thread: thread === undefined ? null : unquoted(thread),
    path,
    scenario: scenario === undefined ? null : scenarioName(unquoted(scenario)),
  };
  const refused = refusalOf(key);
  if (refused !== null) {
    return { error: refused };
  }
  const limit = parseLimit(value.trim());
  if (limit === null) {
    return {
      error: `"${value.trim()}" is not a limit; give a number, a size like 900MiB, or a percentage`,
    };
  }
  const unit = shortNameIn(key)?.unit;
  const unfit = unit === undefined ? null : unfitLimit(limit, unit);
  if (unfit !== null) {
    return { error: `${path}: ${unfit}` };
  }
  if (unit === "count" && limit.unit === "bytes") {
    return { error: `${path}: a count has no unit; give a plain number` };
  }
  return { ok: { key, operator: operatorOf(operator), limit } };
}

/** Why the limit cannot be compared with a value of this unit; null if it can. */
export function unfitLimit({ unit, isGrowth }: Limit, of: Unit): string | null {
  if (of === "bytes" && unit === "percent" && !isGrowth) {
    return "bytes cannot be a percentage; give a size, or, with a base report, growth like +5%";
  }
  if (of === "count" && unit === "percent" && !isGrowth) {
    return "a count cannot be a percentage; give a number";
  }
  if (of === "ratio" && unit === "bytes") {
    return "a ratio cannot be a size; give a percentage like 35%";
  }
  return null;
}

/** The text of a budget: parseBudget reads it back as the same budget. */
export function printBudget({ key, operator, limit }: Budget): string {
  const sign = limit.isGrowth && limit.value >= 0 ? "+" : "";
  return `${printKey(key)}${operator}${sign}${printAmount(limit)}`;
}

function printAmount({ value, unit }: Limit): string {
  switch (unit) {
    case "percent":
      return `${decimal(Number((value * 100).toPrecision(15)))}%`;
    case "bytes":
      return `${decimal(value)}B`;
    case "plain":
      return decimal(value);
    default:
      return unit satisfies never;
  }
}

function parseLimit(text: string): Limit | null {
  const [, sign = "", number = "", unit = ""] =
    /^([+-]?)\s*(\d+(?:\.\d+)?)\s*(%|[kmgt]i?b?|b)?$/i.exec(text) ?? [];
  if (number === "") {
    return null;
  }
  const isGrowth = sign !== "";
  const size = unit === "" || unit === "%" ? Number(number) : parseSize(number + unit);
  if (size === null || size > Number.MAX_SAFE_INTEGER) {
    return null;
  }
  // "-0" is 0: a negative zero would print a sign.
  const value = sign === "-" && size > 0 ? -size : size;
  if (unit === "%") {
    return { value: value / 100, unit: "percent", isGrowth };
  }
  return { value, unit: unit === "" ? "plain" : "bytes", isGrowth };
}

function whatIsMissing(text: string): string {
  if (!/[<>]/.test(text)) {
    return "no comparison; give KEY<=VALUE, in quotes, because < is special to the shell";
  }
  return "not of the form KEY<=VALUE, KEY@SCENARIO<=VALUE or thread:TID.KEY<=VALUE";
}

/** Why no report can have such a figure, as far as the key alone shows; null if one may. */
function refusalOf(key: BudgetKey): string | null {
  if (key.thread !== null && key.scenario !== null) {
    return "figures of a thread exist for the recorded run only; leave out @SCENARIO";
  }
  const short = shortNameIn(key);
  if (key.scenario !== null && short !== null && short.of !== "scenario") {
    return `${key.path} is the same under every setting; leave out @SCENARIO`;
  }
  // The report has no numbers at its top level.
  const isOfReport = key.thread === null && key.scenario === null;
  if (isOfReport && short === null && !key.path.includes(".")) {
    return unknownName("key", key.path, Object.keys(SHORT_NAMES));
  }
  return null;
}

/** Scenario names have no blanks around their commas. */
function scenarioName(text: string): string {
  return text
    .split(",")
    .map((part) => part.trim())
    .join(",");
}

/** `text` is one of the operators in BUDGET. */
function operatorOf(text: string): BudgetResult["operator"] {
  return text === "<=" || text === "<" || text === ">=" ? text : ">";
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(["\\])/g, "$1") : text.trim();
}

/** Without an exponent, which parseLimit does not accept. */
function decimal(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : text;
}
