import { type Change, type ThreadChange, threadChanges } from "../diff/diff.ts";
import { servesAllCalls } from "../insight/cures/served-calls.ts";
import { byteUnit, exact, percent, share, size } from "../report/format.ts";
import type { KnownReport, KnownThread } from "../report/read-report.ts";
import { AS_RECORDED, type BudgetResult } from "../report/report.ts";
import type { SortKey } from "../report/sort-threads.ts";
import type { Budget } from "./budget.ts";
import { type BudgetKey, isOfScenario, shortNameIn } from "./budget-key.ts";
import { figureOf } from "./figure.ts";
import { type Evidence, holds, type Judged } from "./judge.ts";

/** A figure that is a sum over threads, or has a counterpart in each thread. */
interface ThreadFigure {
  readonly unit: "bytes" | "count";
  readonly of: (thread: KnownThread) => number;
  /** its change between reports; null: threadChanges() does not have it */
  readonly changeOf: ((thread: ThreadChange) => Change) | null;
}

const LIVE: ThreadFigure = {
  unit: "bytes",
  of: (thread) => thread.liveBytes,
  changeOf: (thread) => thread.liveBytes,
};

const PEAK_LIVE: ThreadFigure = {
  unit: "bytes",
  of: (thread) => thread.peakLiveBytes,
  changeOf: null,
};

/** By the key's path in the report or in a thread. */
const THREAD_FIGURES: Readonly<Record<string, ThreadFigure>> = {
  "live.bytes": LIVE,
  "live.blocks": {
    unit: "count",
    of: (thread) => thread.liveBlocks,
    changeOf: (thread) => thread.liveBlocks,
  },
  "live.peakBytes": PEAK_LIVE,
  volumeBytes: {
    unit: "bytes",
    of: (thread) => thread.volumeBytes,
    changeOf: (thread) => thread.volumeBytes,
  },
  "calls.total": {
    unit: "count",
    of: (thread) => thread.calls.total,
    changeOf: (thread) => thread.calls,
  },
};

/**
 * Why a budget was not kept: the thread that contributes most, and a setting that would keep it. Also, kept or not,
 * whether the result depends on an assumption.
 */
export function explain({ key, operator }: Budget, judged: Judged, evidence: Evidence): string[] {
  const { head, base } = evidence;
  const doubt = isOfScenario(key) ? limitInRange(key, judged, head) : [];
  if (judged.ok || key.thread !== null || operator.startsWith(">")) {
    return doubt;
  }
  if (isOfScenario(key)) {
    return [
      ...rssParts(key, head.known, base?.known ?? null),
      ...settingsThatHelp(key, judged, head),
      ...doubt,
    ];
  }
  const figure = THREAD_FIGURES[pathOf(key)];
  if (figure === undefined) {
    return [];
  }
  const grown = largestGrowth(figure, head.known, base?.known ?? null);
  if (grown !== null) {
    return [grown];
  }
  const first = largestPart(figure, head.known);
  return first === null
    ? []
    : [`${first.part === "most" ? "Most of it" : "The largest part"} comes from ${first.whose}.`];
}

/** The thread order in which the threads behind such a budget come first. */
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

/** Splits RSS into live bytes and the rest, and names the thread behind the larger part. */
function rssParts(key: BudgetKey, head: KnownReport, base: KnownReport | null): string[] {
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
  const part = `${size(live, unit)} ${atPeak ? "were live at the peak" : "are live"}`;
  const grown = base === null ? null : largestGrowth(LIVE, head, base);
  if (grown !== null) {
    return [`${part}.`, grown];
  }
  if (2 * live >= bytes) {
    const first = largestPart(atPeak ? PEAK_LIVE : LIVE, head);
    if (first === null) {
      return [`${part}.`];
    }
    const which = first.part === "most" ? "most of it" : "the largest part";
    return [`${part}, ${which} from ${first.whose}.`];
  }
  const pinning = largest(head.threads, ({ pinnedBytes }) => pinnedBytes);
  if (pinning === null) {
    return [`Only ${part}; glibc keeps the rest.`];
  }
  const { item: thread, value } = pinning;
  return [`Only ${part}; blocks of ${label(thread)} pin most of the rest: ${size(value)}.`];
}

/** The thread with the largest part of the figure; null if the log has one thread only. */
function largestPart(
  figure: ThreadFigure,
  { threads }: KnownReport,
): { readonly part: "most" | "largest"; readonly whose: string } | null {
  const first = threads.length < 2 ? null : largest(threads, figure.of);
  if (first === null) {
    return null;
  }
  const whose = `${label(first.item)}: ${shown(figure.unit, [first.value])[0]}`;
  // Peaks of threads come at different times: they have no meaningful sum.
  if (figure === PEAK_LIVE) {
    return { part: "largest", whose };
  }
  const total = threads.reduce((sum, thread) => sum + figure.of(thread), 0);
  return {
    part: 2 * first.value > total ? "most" : "largest",
    whose: `${whose} (${share(first.value, total)})`,
  };
}

/** Null if the threads of the reports cannot be matched, or none grew. */
function largestGrowth(
  figure: ThreadFigure,
  head: KnownReport,
  base: KnownReport | null,
): string | null {
  if (base === null || figure.changeOf === null) {
    return null;
  }
  const { changeOf } = figure;
  const grown = largest(threadChanges(base, head).rows, (row) => changeOf(row).change);
  if (grown === null) {
    return null;
  }
  const { base: before, head: after } = changeOf(grown.item);
  const [from, to] = shown(figure.unit, [before ?? 0, after ?? 0]);
  const what = `${figure === LIVE ? "live memory of " : ""}${label(grown.item)}`;
  return `Largest growth: ${what}, ${before === null ? `new, ${to}` : `from ${from} to ${to}`}.`;
}

/** The what-if with the fewest settings that keeps the budget, else the closest one. */
function settingsThatHelp(
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
      const figure = figureOf({ ...key, scenario: name }, head.json);
      return "ok" in figure ? [{ name, value: figure.ok.value }] : [];
    })
    .sort((a, b) => settingCount(a.name) - settingCount(b.name) || a.value - b.value);
  const kept = tried.find(({ value }) => holds(value, operator, limit));
  if (kept !== undefined) {
    return [`${kept.name} would keep the budget: ${shown(unit, [kept.value])[0]}.`];
  }
  const nearest = largest(tried, ({ value }) => actual - value);
  if (tried.length === 0) {
    return [];
  }
  return nearest === null
    ? ["No other setting tried lowers it."]
    : [
        `No setting tried keeps the budget; ${nearest.item.name} comes closest: ${shown(unit, [nearest.item.value])[0]}.`,
      ];
}

/** A warning if the limit lies within the prediction's range, so that the assumptions decide. */
function limitInRange(
  key: BudgetKey,
  { operator, limit }: Judged,
  head: Evidence["head"],
): string[] {
  const [low, high] = { "rss.endBytes": END, "rss.peakBytes": AT_PEAK }[pathOf(key)] ?? [];
  if (low === undefined || high === undefined) {
    return [];
  }
  const scenario = key.scenario ?? AS_RECORDED;
  const least = figureOf({ ...key, scenario, path: low }, head.json);
  const most = figureOf({ ...key, scenario, path: high }, head.json);
  if ("error" in least || "error" in most) {
    return [];
  }
  if (holds(least.ok.value, operator, limit) === holds(most.ok.value, operator, limit)) {
    return [];
  }
  const [from, to] = shown("bytes", [least.ok.value, most.ok.value]);
  return [
    `The limit lies in the prediction's range, ${from} to ${to}: the result depends on assumptions.`,
  ];
}

const END = ["rss.lowBytes", "rss.highBytes"];
const AT_PEAK = ["rss.peakLowBytes", "rss.peakHighBytes"];

function settingCount(name: string): number {
  return name.split(",").length;
}

/** The first item with the largest value; null if no value is above 0. */
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
    return name === null ? "unnamed threads" : `threads named ${name}`;
  }
  return name === null ? `thread ${tid}` : `thread ${tid} (${name})`;
}

/** The values in one unit. */
function shown(unit: BudgetResult["unit"], values: readonly number[]): string[] {
  switch (unit) {
    case "bytes": {
      const common = byteUnit(values);
      return values.map((value) => size(value, common));
    }
    case "ratio":
      return values.map(percent);
    case "count":
      return values.map(exact);
    default:
      return unit satisfies never;
  }
}
