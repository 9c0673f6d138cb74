import type { BudgetResult } from "../report/report.ts";
import { parseSize } from "../report/sizes.ts";
import { SHORT_NAMES, shortNameIn, type Unit } from "./keys.ts";

/** What a budget is about. */
export interface BudgetKey {
  /** a thread by its tid or name; null: the process */
  readonly thread: string | null;
  /** a short name, or a dotted path: of the JSON report, of `thread`, or of `scenario` */
  readonly path: string;
  /** null: the run as recorded, where the path is that of a scenario */
  readonly scenario: string | null;
}

export interface Limit {
  /** in bytes, as a ratio, or as it was typed; below 0 only where `isGrowth` */
  readonly value: number;
  readonly unit: "plain" | "bytes" | "percent";
  /** typed with a sign: counted from the value in an earlier report */
  readonly isGrowth: boolean;
}

/** `KEY<=VALUE`, taken apart. */
export interface Budget {
  readonly key: BudgetKey;
  readonly operator: BudgetResult["operator"];
  readonly limit: Limit;
}

/** A value, or why there is none; a misspelt word comes with those that it may have been meant to be. */
export type Parsed<T> = { readonly ok: T } | { readonly error: Refusal };

export interface Refusal {
  readonly reason: string;
  readonly typed?: string;
  readonly known?: readonly string[];
}

const QUOTED = String.raw`"(?:[^"\\]|\\["\\])*"`;

/** thread, path, scenario, operator, value */
const BUDGET = new RegExp(
  String.raw`^(?:thread:(${QUOTED}|[^"<>@.\s][^"<>@.]*)\.)?([\w-]+(?:\.[\w-]+)*)(?:\s*@\s*(${QUOTED}|[^"<>\s](?:[^"<>]*[^"<>\s])?))?\s*(<=|>=|<|>)(.*)$`,
);

/** Of a budget as it is typed, such as `rss@MALLOC_ARENA_MAX=1<=900MiB` or `thread:16342.volume<=1GiB`. */
export function parseBudget(text: string): Parsed<Budget> {
  const match = BUDGET.exec(text.trim());
  if (match === null) {
    return { error: { reason: whatIsMissing(text) } };
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
    const reason = `"${value.trim()}" is no limit; give a number, a size like 900MiB, or a percentage`;
    return { error: { reason } };
  }
  const unit = shortNameIn(key)?.unit;
  const unfit = unit === undefined ? null : unfitLimit(limit, unit);
  if (unfit !== null) {
    return { error: { reason: `${path}: ${unfit}` } };
  }
  if (unit === "count" && limit.unit === "bytes") {
    return { error: { reason: `${path}: a count has no unit; give a plain number` } };
  }
  return { ok: { key, operator: operatorOf(operator), limit } };
}

/** Why a limit of that sort says nothing of such a value; null if it does. */
export function unfitLimit({ unit, isGrowth }: Limit, of: Unit): string | null {
  if (of === "bytes" && unit === "percent" && !isGrowth) {
    return "bytes have no percentage; give a size, or with a base report its growth, like +5%";
  }
  if (of === "count" && unit === "percent" && !isGrowth) {
    return "a count has no percentage; give a number";
  }
  if (of === "ratio" && unit === "bytes") {
    return "a ratio is no size; give a percentage like 35%";
  }
  return null;
}

/** As one types it: parsed again it is the same. */
export function printBudget({ key, operator, limit }: Budget): string {
  const sign = limit.isGrowth && limit.value >= 0 ? "+" : "";
  const { value, unit } = limit;
  const number =
    unit === "percent"
      ? `${decimal(Number((value * 100).toPrecision(15)))}%`
      : `${decimal(value)}${unit === "bytes" ? "B" : ""}`;
  return `${printKey(key)}${operator}${sign}${number}`;
}

export function printKey({ thread, path, scenario }: BudgetKey): string {
  const of = thread === null ? "" : `thread:${quotedIf(/[."<>@\\]|^\s|\s$|^$/, thread)}.`;
  const under = scenario === null ? "" : `@${quotedIf(/["<>\\]|^\s|\s$|^$/, scenario)}`;
  return `${of}${path}${under}`;
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
  // No sign on nothing: -0 is no other number to whoever reads it.
  const value = sign === "-" && size > 0 ? -size : size;
  if (unit === "%") {
    return { value: value / 100, unit: "percent", isGrowth };
  }
  // A shrinking is a growth below 0, a value below 0 can only be meant so.
  return { value, unit: unit === "" ? "plain" : "bytes", isGrowth };
}

function whatIsMissing(text: string): string {
  if (!/[<>]/.test(text)) {
    return "nothing to compare with; give KEY<=VALUE, in quotes, as the shell takes < for itself";
  }
  return "not of the form KEY<=VALUE, KEY@SCENARIO<=VALUE or thread:TID.KEY<=VALUE";
}

/** What can be said of a key before there is a report. */
function refusalOf(key: BudgetKey): Refusal | null {
  if (key.thread !== null && key.scenario !== null) {
    return { reason: "a thread's figures are those of the run as recorded; leave out @SCENARIO" };
  }
  const short = shortNameIn(key);
  if (key.scenario !== null && short !== null && short.of !== "scenario") {
    return { reason: `${key.path} is the same under every setting; leave out @SCENARIO` };
  }
  // At the report's top there are no numbers.
  const isOfReport = key.thread === null && key.scenario === null;
  if (isOfReport && short === null && !key.path.includes(".")) {
    return { reason: `no key ${key.path}`, typed: key.path, known: Object.keys(SHORT_NAMES) };
  }
  return null;
}

/** Blanks around the commas of settings are no part of a scenario's name. */
function scenarioName(text: string): string {
  return text
    .split(",")
    .map((part) => part.trim())
    .join(",");
}

function operatorOf(text: string): BudgetResult["operator"] {
  return text === "<=" || text === "<" || text === ">=" ? text : ">";
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(["\\])/g, "$1") : text.trim();
}

function quotedIf(needs: RegExp, text: string): string {
  return needs.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
}

/** Without an exponent, which no limit has. */
function decimal(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : text;
}
