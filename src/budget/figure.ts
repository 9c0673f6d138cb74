import { asJson } from "../report/as-json.ts";
import type { Parsed } from "../report/wording/parsed.ts";
import {
  type BudgetKey,
  SHORT_NAMES,
  type ShortName,
  shortNameIn,
  THREAD_NAMES,
  type Unit,
} from "./budget-key.ts";
import { unknownName } from "./unknown-name.ts";

export interface Figure {
  readonly value: number;
  readonly unit: Unit;
}

/** Looks a key up in a report. `report` is untrusted JSON: every step is checked. */
export function figureOf(key: BudgetKey, report: unknown): Parsed<Figure> {
  const short = shortNameIn(key);
  if (key.thread !== null) {
    const thread = threadOf(key.thread, report);
    return "error" in thread ? thread : figureAt(thread.ok, key, short, THREAD_NAMES);
  }
  if (short?.of === "threads") {
    return { ok: { value: sum(report, short.path), unit: short.unit } };
  }
  if (key.scenario === null && short?.of !== "scenario") {
    return figureAt(report, key, short, SHORT_NAMES);
  }
  const scenario = scenarioOf(key, report);
  return "error" in scenario ? scenario : figureAt(scenario.ok, key, short, SHORT_NAMES);
}

function figureAt(
  within: unknown,
  key: BudgetKey,
  short: ShortName | null,
  names: Readonly<Record<string, ShortName>>,
): Parsed<Figure> {
  const path = short?.path ?? key.path;
  let value = within;
  const walked: string[] = [];
  for (const step of path.split(".")) {
    const next = member(value, step);
    if (value === null) {
      return { error: `${walked.join(".")} is ${described(null)}` };
    }
    if (next === undefined) {
      const known = [...Object.keys(names), ...numbersIn(within, "")];
      return { error: unknownName("key", key.path, known) };
    }
    walked.push(step);
    value = next;
  }
  if (typeof value === "number") {
    return { ok: { value, unit: short?.unit ?? unitOf(path) } };
  }
  return { error: `${key.path} is ${described(value)}` };
}

/** The unit by the name of the figure: `…Bytes`, the names of the report's ratios, else a count. */
function unitOf(path: string): Unit {
  if (/bytes[^.]*$/i.test(path)) {
    return "bytes";
  }
  return /(^|\.)(ratio|fragmentation\.\w+|error\.\w+)$/.test(path) ? "ratio" : "count";
}

function scenarioOf({ path, scenario }: BudgetKey, report: unknown): Parsed<unknown> {
  const scenarios = list(member(report, "scenarios"));
  if (scenarios.length === 0) {
    return { error: `${path} comes from the model, which was not run (--no-model)` };
  }
  if (scenario === null) {
    return { ok: scenarios[0] };
  }
  const found = scenarios.find((candidate) => member(candidate, "name") === scenario);
  if (found !== undefined) {
    return { ok: found };
  }
  const known = scenarios.map((candidate) => String(member(candidate, "name")));
  return { error: unknownName("scenario", scenario, known) };
}

function threadOf(thread: string, report: unknown): Parsed<unknown> {
  const threads = list(member(report, "threads"));
  const byTid = threads.find((candidate) => String(member(candidate, "tid")) === thread);
  if (byTid !== undefined) {
    return { ok: byTid };
  }
  const named = threads.filter((candidate) => member(candidate, "name") === thread);
  if (named.length > 1) {
    return { error: `${named.length} threads are named ${thread}; give a tid` };
  }
  if (named.length === 1) {
    return { ok: named[0] };
  }
  const known = threads.flatMap((candidate) =>
    [member(candidate, "tid"), member(candidate, "name")].flatMap((id) =>
      typeof id === "number" || typeof id === "string" ? [String(id)] : [],
    ),
  );
  return { error: unknownName("thread", thread, known) };
}

function sum(report: unknown, path: string): number {
  let total = 0;
  for (const thread of list(member(report, "threads"))) {
    let value: unknown = thread;
    for (const step of path.split(".")) {
      value = member(value, step);
    }
    if (typeof value === "number") {
      total += value;
    }
  }
  return total;
}

function described(value: unknown): string {
  if (value === null) {
    return "unknown for this log (null)";
  }
  if (typeof value !== "object") {
    return `${JSON.stringify(value)}, not a number`;
  }
  const keys = Object.keys(value);
  if (keys.length === 0) {
    return "empty";
  }
  const names = keys.slice(0, MAX_NAMED).join(", ");
  return `not a number; it has ${names}${keys.length > MAX_NAMED ? ", …" : ""}`;
}

const MAX_NAMED = 12;

/** Dotted paths of the numbers in a value, without those in lists, which are too many to list. */
function numbersIn(value: unknown, before: string): string[] {
  if (typeof value === "number") {
    return [before.slice(0, -1)];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [];
  }
  return Object.entries(value).flatMap(([name, inner]) => numbersIn(inner, `${before}${name}.`));
}

export function member(of: unknown, name: string): unknown {
  const value = asJson(of);
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) {
    return undefined;
  }
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
