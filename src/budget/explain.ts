import { servesAllCalls } from "../insight/cures/served-calls.ts";
import { AS_RECORDED } from "../report/contract/report.ts";
import type { SortKey } from "../report/order/sort-threads.ts";
import type { KnownReport } from "../report/read-report.ts";
import type { Budget } from "./budget.ts";
import { type BudgetKey, isOfScenario, pathOf } from "./budget-key.ts";
import { explainRss, grownParts } from "./explain-rss.ts";
import { figureOf } from "./figure.ts";
import { type Evidence, holds, type Judged } from "./judge.ts";
import {
  heldAtPeak,
  largest,
  largestThread,
  mostOfSite,
  PART_FIGURES,
  type PartFigure,
  shown,
} from "./part-figures.ts";

/**
 * Why a budget was not kept: what contributes most, and a setting that would keep it. Also, kept or not, whether the
 * result depends on an assumption.
 */
export function explain({ key, operator }: Budget, judged: Judged, evidence: Evidence): string[] {
  const { head, base, runs } = evidence;
  const doubt = isOfScenario(key) ? limitInRange(key, judged, head) : [];
  if (judged.ok || key.thread !== null || operator.startsWith(">")) {
    return doubt;
  }
  if (isOfScenario(key)) {
    return [...explainRss(key, evidence), ...settingsThatHelp(key, judged, head), ...doubt];
  }
  const figure = PART_FIGURES[pathOf(key)];
  if (figure === undefined) {
    return [];
  }
  const others = runs.map(({ known }) => known);
  const grown = base === null ? [] : grownParts(figure, base.known, head.known, others);
  if (grown.length > 0) {
    return grown;
  }
  const site = mostOfSite(figure, head.known);
  return [
    ...largestOf(figure, head.known),
    ...(site === null ? [] : [`Most of it comes from ${site}.`]),
  ];
}

function largestOf(figure: PartFigure, report: KnownReport): string[] {
  if (!figure.addsUp) {
    return [heldAtPeak(report) ?? []].flat();
  }
  const thread = largestThread(figure, report);
  const lead = thread?.part === "most" ? "Most of it" : "The largest part";
  return thread === null ? [] : [`${lead} comes from ${thread.whose}.`];
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
