import type { BudgetResult } from "../report/contract/report.ts";

/** The figure that a budget limits. */
export interface BudgetKey {
  /** tid or name of a thread; null: the process */
  readonly thread: string | null;
  /** a short name, or a dotted path in the JSON report, in `thread` or in `scenario` */
  readonly path: string;
  /** null: the recorded run, if the path belongs to a scenario */
  readonly scenario: string | null;
}

export type Unit = BudgetResult["unit"];

export interface ShortName {
  /** the log, all its threads (summed), or a scenario */
  readonly of: "log" | "threads" | "scenario";
  readonly path: string;
  readonly unit: Unit;
}

/** Short names of the figures that are budgeted most often. */
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

/** Short names for a single thread. */
export const THREAD_NAMES: Readonly<Record<string, ShortName>> = {
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

/** The key's path in the report, in a thread or in a scenario. */
export function pathOf(key: BudgetKey): string {
  return shortNameIn(key)?.path ?? key.path;
}

/** True if the figure belongs to a scenario, so that other settings may change it. */
export function isOfScenario(key: BudgetKey): boolean {
  return key.thread === null && (key.scenario !== null || shortNameIn(key)?.of === "scenario");
}

/** True if the figure comes from the model, not from the log alone. */
export function isModelled(key: BudgetKey): boolean {
  const { thread, path } = key;
  return thread === null
    ? isOfScenario(key) || path.startsWith("container.")
    : path === "pinnedBytes";
}

/** The key as one types it. */
export function printKey({ thread, path, scenario }: BudgetKey): string {
  const of = thread === null ? "" : `thread:${quotedIf(/[."<>@\\]|^\s|\s$|^$/, thread)}.`;
  const under = scenario === null ? "" : `@${quotedIf(/["<>\\]|^\s|\s$|^$/, scenario)}`;
  return `${of}${path}${under}`;
}

function quotedIf(needs: RegExp, text: string): string {
  return needs.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
}
