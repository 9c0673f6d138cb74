import { type Change, type ThreadChange, threadChanges } from "../diff/diff.ts";
import { servesAllCalls } from "../insight/served-calls.ts";
import { byteUnit, exact, percent, share, size } from "../report/format.ts";
import type { KnownReport, KnownThread } from "../report/read-report.ts";
import { AS_RECORDED, type BudgetResult } from "../report/report.ts";
import type { SortKey } from "../report/sort-threads.ts";
import type { Budget, BudgetKey } from "./budget.ts";
import { type Evidence, holds, type Judged } from "./judge.ts";
import { isOfScenario, resolve, shortNameIn } from "./keys.ts";

/** A figure of the log to which its threads contribute. */
interface Shared {
  readonly unit: "bytes" | "count";
  readonly of: (thread: KnownThread) => number;
  /** null: not told of matched threads */
  readonly grown: ((thread: ThreadChange) => Change) | null;
}

const LIVE: Shared = {
  unit: "bytes",
  of: (thread) => thread.liveBytes,
  grown: (thread) => thread.liveBytes,
};

const PEAK_LIVE: Shared = {
  unit: "bytes",
  of: (thread) => thread.peakLiveBytes,
  grown: null,
};

/** By the path of the key in the report, or in its threads. */
const SHARED: Readonly<Record<string, Shared>> = {
  "live.bytes": LIVE,
  "live.blocks": {
    unit: "count",
    of: (thread) => thread.liveBlocks,
    grown: (thread) => thread.liveBlocks,
  },
  "live.peakBytes": PEAK_LIVE,
  volumeBytes: {
    unit: "bytes",
    of: (thread) => thread.volumeBytes,
    grown: (thread) => thread.volumeBytes,
  },
  "calls.total": {
    unit: "count",
    of: (thread) => thread.calls.total,
    grown: (thread) => thread.calls,
  },
};

/**
 * Why a budget was not kept: the thread that is behind it, and the setting that would keep it; and, kept or not, whether
 * that depends on an assumption.
 */
export function explain({ key, operator }: Budget, judged: Judged, evidence: Evidence): string[] {
  const { head, base } = evidence;
  const doubt = isOfScenario(key) ? unsure(key, judged, head) : [];
  if (judged.ok || key.thread !== null || operator.startsWith(">")) {
    return doubt;
  }
  if (isOfScenario(key)) {
    return [
      ...behindRss(key, head.known, base?.known ?? null),
      ...settings(key, judged, head),
      ...doubt,
    ];
  }
  const shared = SHARED[pathOf(key)];
  if (shared === undefined) {
    return [];
  }
  const grown = grownMost(shared, head.known, base?.known ?? null);
  if (grown !== null) {
    return grown;
  }
  const first = mostOf(shared, head.known);
  if (first === null) {
    return [];
  }
  return [`${first.part === "most of it" ? "Most of it" : "The largest part"} is ${first.whose}.`];
}

/** The order of threads that shows what is behind such a budget. */
export function sortFor(key: BudgetKey): SortKey {
  const path = pathOf(key);
  if (/fragmentation|free|pinned/i.test(path)) {
    return "pinned";
  }
  if (/peak/i.test(path)) {
    return "peak";
  }
  if (/calls/.test(path)) {
    return "calls";
  }
  return /live|rss/i.test(path) ? "live" : "volume";
}

function pathOf(key: BudgetKey): string {
  return shortNameIn(key)?.path ?? key.path;
}

/** RSS is what is live, and what lies free around it. */
function behindRss(key: BudgetKey, head: KnownReport, base: KnownReport | null): string[] {
  const path = pathOf(key);
  const atPeak = path === "rss.peakBytes";
  if (!atPeak && path !== "rss.endBytes" && path !== "fragmentation.external") {
    return [];
  }
  const name = key.scenario ?? head.scenarios[0]?.name;
  const rss = head.scenarios.find((scenario) => scenario.name === name)?.rss;
  if (rss === undefined) {
    return [];
  }
  const bytes = atPeak ? rss.peakBytes : rss.endBytes;
  const live = atPeak ? head.live.peakBytes : head.live.bytes;
  const unit = byteUnit([bytes, live]);
  const part = `${size(live, unit)} ${atPeak ? "were live at the most" : "are live"}`;
  const grown = base === null ? null : grownMost(LIVE, head, base);
  if (grown !== null) {
    return [`${part}.`, ...grown];
  }
  if (2 * live >= bytes) {
    const first = mostOf(atPeak ? PEAK_LIVE : LIVE, head);
    return [first === null ? `${part}.` : `${part}, ${first.part} ${first.whose}.`];
  }
  const pinning = largest(head.threads, ({ pinnedBytes }) => pinnedBytes);
  if (pinning === null) {
    return [`Only ${part}; the rest glibc keeps.`];
  }
  const { item: thread, value } = pinning;
  return [
    `Only ${part}; most of the rest is kept in place by blocks of ${label(thread)}: ${size(value)}.`,
  ];
}

/** What of the figure is the thread's with the largest part; null where there is but one thread. */
function mostOf(
  shared: Shared,
  { threads }: KnownReport,
): { readonly part: "most of it" | "the largest part"; readonly whose: string } | null {
  const first = threads.length < 2 ? null : largest(threads, shared.of);
  if (first === null) {
    return null;
  }
  const whose = `${label(first.item)}'s: ${shown(shared.unit, [first.value])[0]}`;
  // Peaks come at different times: there is no whole that they are parts of.
  if (shared === PEAK_LIVE) {
    return { part: "the largest part", whose };
  }
  const total = threads.reduce((sum, thread) => sum + shared.of(thread), 0);
  return {
    part: 2 * first.value > total ? "most of it" : "the largest part",
    whose: `${whose} (${share(first.value, total)})`,
  };
}

/** Null where threads cannot be told, or none grew. */
function grownMost(shared: Shared, head: KnownReport, base: KnownReport | null): string[] | null {
  if (base === null || shared.grown === null) {
    return null;
  }
  const grown = largest(threadChanges(base, head).rows, (row) => shared.grown?.(row).change ?? 0);
  if (grown === null) {
    return null;
  }
  const { base: before, head: after } = shared.grown(grown.item);
  const [from, to] = shown(shared.unit, [before ?? 0, after ?? 0]);
  const what = shared === LIVE ? "live memory of " : "";
  return [
    before === null
      ? `New is ${what}${label(grown.item)}: ${to}.`
      : `Most grew ${what}${label(grown.item)}: from ${from} to ${to}.`,
  ];
}

function settings(
  key: BudgetKey,
  { operator, limit, actual, unit }: Judged,
  head: Evidence["head"],
): string[] {
  const [recorded, ...whatIfs] = head.known.scenarios;
  if (recorded === undefined) {
    return [];
  }
  const tried = whatIfs
    .filter((scenario) => scenario.name !== key.scenario && servesAllCalls(scenario, recorded))
    .flatMap(({ name }) => {
      const figure = resolve({ ...key, scenario: name }, head.json);
      return "ok" in figure ? [{ name, value: figure.ok.value }] : [];
    })
    .sort((a, b) => settingCount(a.name) - settingCount(b.name) || a.value - b.value);
  const kept = tried.find(({ value }) => holds(value, operator, limit));
  if (kept !== undefined) {
    return [`${kept.name} would keep it: ${shown(unit, [kept.value])[0]}.`];
  }
  const nearest = largest(tried, ({ value }) => actual - value);
  if (tried.length === 0) {
    return [];
  }
  return nearest === null
    ? ["No other setting tried lowers it."]
    : [
        `No setting tried keeps it; ${nearest.item.name} comes nearest: ${shown(unit, [nearest.item.value])[0]}.`,
      ];
}

/** Where it depends on an assumption whether the budget is kept. */
function unsure(key: BudgetKey, { operator, limit }: Judged, head: Evidence["head"]): string[] {
  const [low, high] = { "rss.endBytes": END, "rss.peakBytes": AT_PEAK }[pathOf(key)] ?? [];
  if (low === undefined || high === undefined) {
    return [];
  }
  const scenario = key.scenario ?? AS_RECORDED;
  const least = resolve({ ...key, scenario, path: low }, head.json);
  const most = resolve({ ...key, scenario, path: high }, head.json);
  if ("error" in least || "error" in most) {
    return [];
  }
  if (holds(least.ok.value, operator, limit) === holds(most.ok.value, operator, limit)) {
    return [];
  }
  const [from, to] = shown("bytes", [least.ok.value, most.ok.value]);
  return [`The limit lies in the prediction's range, ${from} to ${to}: what was assumed decides.`];
}

const END = ["rss.lowBytes", "rss.highBytes"];
const AT_PEAK = ["rss.peakLowBytes", "rss.peakHighBytes"];

function settingCount(name: string): number {
  return name.split(",").length;
}

/** The first of those with the largest value; null if none is above 0. */
function largest<T>(
  items: readonly T[],
  of: (item: T) => number,
): { readonly item: T; readonly value: number } | null {
  let best: { item: T; value: number } | null = null;
  for (const item of items) {
    const value = of(item);
    if (value > (best?.value ?? 0)) {
      best = { item, value };
    }
  }
  return best;
}

function label({
  tid,
  name,
}: {
  readonly tid: number | null;
  readonly name: string | null;
}): string {
  if (tid === null) {
    return name === null ? "threads without a name" : `threads called ${name}`;
  }
  return name === null ? `thread ${tid}` : `thread ${tid} (${name})`;
}

function shown(unit: BudgetResult["unit"], values: readonly number[]): string[] {
  const inUnit = byteUnit(values);
  return values.map((value) =>
    unit === "bytes" ? size(value, inUnit) : unit === "ratio" ? percent(value) : exact(value),
  );
}
