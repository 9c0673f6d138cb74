import type { BudgetResult } from "../report/report.ts";
import type { BudgetKey, Parsed } from "./budget.ts";

export type Unit = BudgetResult["unit"];

interface ShortName {
  /** the log, all its threads (summed), or a scenario */
  readonly of: "log" | "threads" | "scenario";
  readonly path: string;
  readonly unit: Unit;
}

/** What people call the figures that budgets are mostly about. */
export const SHORT_NAMES: Readonly<Record<string, ShortName>> = {
  rss: { of: "scenario", path: "rss.endBytes", unit: "bytes" },
  "peak-rss": { of: "scenario", path: "rss.peakBytes", unit: "bytes" },
  live: { of: "log", path: "live.bytes", unit: "bytes" },
  "peak-live": { of: "log", path: "live.peakBytes", unit: "bytes" },
  fragmentation: { of: "scenario", path: "fragmentation.external", unit: "ratio" },
  "leaked-blocks": { of: "log", path: "live.blocks", unit: "count" },
  arenas: { of: "scenario", path: "arenaCount", unit: "count" },
  volume: { of: "threads", path: "volumeBytes", unit: "bytes" },
  calls: { of: "threads", path: "calls.total", unit: "count" },
};

/** The same of a single thread. */
const THREAD_NAMES: Readonly<Record<string, ShortName>> = {
  live: { of: "threads", path: "liveBytes", unit: "bytes" },
  "peak-live": { of: "threads", path: "peakLiveBytes", unit: "bytes" },
  "leaked-blocks": { of: "threads", path: "liveBlocks", unit: "count" },
  volume: { of: "threads", path: "volumeBytes", unit: "bytes" },
  calls: { of: "threads", path: "calls.total", unit: "count" },
};

/** The short name that the key's path is; null for a dotted path. */
export function shortNameIn({ thread, path }: BudgetKey): ShortName | null {
  const names = thread === null ? SHORT_NAMES : THREAD_NAMES;
  return Object.hasOwn(names, path) ? (names[path] ?? null) : null;
}

export interface Figure {
  readonly value: number;
  readonly unit: Unit;
}

/** The figure that a key stands for in a report, of which no more is believed than is read. */
export function resolve(key: BudgetKey, report: unknown): Parsed<Figure> {
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

/** True if the key's figure is one of a scenario, so that other settings may change it. */
export function isOfScenario(key: BudgetKey): boolean {
  return key.thread === null && (key.scenario !== null || shortNameIn(key)?.of === "scenario");
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
      return { error: { reason: `${walked.join(".")} is ${described(null)}` } };
    }
    if (next === undefined) {
      const known = [...Object.keys(names), ...numbersIn(within, "")];
      return { error: { reason: `no key ${key.path}`, typed: key.path, known } };
    }
    walked.push(step);
    value = next;
  }
  if (typeof value === "number") {
    return { ok: { value, unit: short?.unit ?? unitOf(path) } };
  }
  return { error: { reason: `${key.path} is ${described(value)}` } };
}

/** Names of figures tell their units: `…Bytes`, and ratios where the report has some. */
function unitOf(path: string): Unit {
  if (/bytes[^.]*$/i.test(path)) {
    return "bytes";
  }
  return /(^|\.)(ratio|fragmentation\.\w+|error\.\w+)$/.test(path) ? "ratio" : "count";
}

function scenarioOf({ path, scenario }: BudgetKey, report: unknown): Parsed<unknown> {
  const scenarios = list(member(report, "scenarios"));
  if (scenarios.length === 0) {
    return { error: { reason: `${path} is of the model, which was not run (--no-model)` } };
  }
  if (scenario === null) {
    return { ok: scenarios[0] };
  }
  const found = scenarios.find((candidate) => member(candidate, "name") === scenario);
  if (found !== undefined) {
    return { ok: found };
  }
  const known = scenarios.map((candidate) => String(member(candidate, "name")));
  return { error: { reason: `no scenario ${scenario}`, typed: scenario, known } };
}

function threadOf(thread: string, report: unknown): Parsed<unknown> {
  const threads = list(member(report, "threads"));
  const byTid = threads.find((candidate) => String(member(candidate, "tid")) === thread);
  if (byTid !== undefined) {
    return { ok: byTid };
  }
  const named = threads.filter((candidate) => member(candidate, "name") === thread);
  if (named.length > 1) {
    return { error: { reason: `${named.length} threads are called ${thread}; give a tid` } };
  }
  if (named.length === 1) {
    return { ok: named[0] };
  }
  const known = threads.flatMap((candidate) =>
    [member(candidate, "tid"), member(candidate, "name")].flatMap((id) =>
      typeof id === "number" || typeof id === "string" ? [String(id)] : [],
    ),
  );
  return { error: { reason: `no thread ${thread}`, typed: thread, known } };
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
    return "not known of this log (null)";
  }
  if (typeof value !== "object") {
    return `${JSON.stringify(value)}, not a number`;
  }
  const keys = Object.keys(value);
  if (keys.length === 0) {
    return "empty";
  }
  const names = keys.slice(0, MOST_NAMED).join(", ");
  return `not a number; it has ${names}${keys.length > MOST_NAMED ? ", …" : ""}`;
}

const MOST_NAMED = 12;

/** Paths of the numbers in a value; those in lists are left out: there are too many, and nobody names them. */
function numbersIn(value: unknown, before: string): string[] {
  if (typeof value === "number") {
    return [before.slice(0, -1)];
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [];
  }
  return Object.entries(value).flatMap(([name, inner]) => numbersIn(inner, `${before}${name}.`));
}

export function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) {
    return undefined;
  }
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
