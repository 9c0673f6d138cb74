import type { Scenario } from "../../report/contract/report.ts";
import { servesAllCalls } from "./served-calls.ts";
import { isWorthwhile } from "./worthwhile.ts";

/** Of settings whose gain is this close to the best, the simplest comes first. */
const NEARLY_THE_SAME = 0.98;

export type Moment = "peak" | "end";
export const MOMENTS: readonly Moment[] = ["peak", "end"];

/**
 * The scenarios under which all calls are served and RSS is notably lower at that moment, best first; then those under which it is
 * not lower if threads meet in another order.
 */
export function ranked(
  recorded: Scenario,
  whatIfs: readonly Scenario[],
  moment: Moment,
): Scenario[] {
  const before = rssAt(recorded, moment);
  const gain = (scenario: Scenario): number => before - rssAt(scenario, moment);
  const lower = whatIfs
    .filter((scenario) => servesAllCalls(scenario, recorded))
    .filter((scenario) => isWorthwhile(gain(scenario), before));
  const depends = (scenario: Scenario) => dependsOnOrder(scenario, recorded, moment);
  return [
    ...bestFirst(
      lower.filter((scenario) => !depends(scenario)),
      gain,
    ),
    ...bestFirst(lower.filter(depends), gain),
  ];
}

function bestFirst(
  scenarios: readonly Scenario[],
  gain: (scenario: Scenario) => number,
): Scenario[] {
  const rest = new Set(scenarios);
  const inOrder: Scenario[] = [];
  while (rest.size > 0) {
    const most = Math.max(...[...rest].map(gain));
    const alike = [...rest].filter((scenario) => gain(scenario) >= NEARLY_THE_SAME * most);
    alike.sort(
      (a, b) =>
        settingsOf(a) - settingsOf(b) ||
        Number(changesGlibc(a)) - Number(changesGlibc(b)) ||
        Number(mayCrash(a)) - Number(mayCrash(b)) ||
        gain(b) - gain(a),
    );
    for (const scenario of alike) {
      inOrder.push(scenario);
      rest.delete(scenario);
    }
  }
  return inOrder;
}

export function rssAt({ rss }: Scenario, moment: Moment): number {
  return moment === "peak" ? rss.peakBytes : rss.endBytes;
}

/** True if RSS is lower under the setting in the log's order of threads, but not in each of the other orders. */
export function dependsOnOrder(whatIf: Scenario, recorded: Scenario, moment: Moment): boolean {
  const before = rssAt(recorded, moment);
  return whatIf.rss.otherOrders.some(({ endBytes, peakBytes }) => {
    return (moment === "peak" ? peakBytes : endBytes) >= before;
  });
}

/**
 * Whether the ranges of RSS show that it is lower under the setting. What the program wrote is the same in both: the lower ends are
 * compared with each other, and so are the upper ends. What else is unknown may differ.
 */
export function isSurelyLower(whatIf: Scenario, recorded: Scenario, moment: Moment): boolean {
  const [[low, high], [recordedLow, recordedHigh]] = [
    rangeAt(whatIf, moment),
    rangeAt(recorded, moment),
  ];
  return (
    low + otherSpread(whatIf, moment) < recordedLow &&
    high < recordedHigh - otherSpread(recorded, moment)
  );
}

function rangeAt({ rss }: Scenario, moment: Moment): [low: number, high: number] {
  return moment === "peak" ? [rss.peakLowBytes, rss.peakHighBytes] : [rss.lowBytes, rss.highBytes];
}

/** The part of the range's width that other unknowns than the program's writes may cause. */
function otherSpread(scenario: Scenario, moment: Moment): number {
  const [low, high] = rangeAt(scenario, moment);
  const { spread, contendedRuns } = scenario.rss;
  if (moment === "end") {
    return Math.max(0, high - low - spread.touchBytes);
  }
  // The unknowns are the same at the peak, but how much each of them matters there is not known.
  const byWritesAlone = spread.touchBytes > 0 && contendedRuns === 0 && spread.exitsBytes === 0;
  return byWritesAlone ? 0 : high - low;
}

function settingsOf({ name }: Scenario): number {
  return name.split(/,|:(?=glibc\.)/).length;
}

/** Another glibc comes with another distribution as a rule. */
function changesGlibc({ name }: Scenario): boolean {
  return /(?:^|,)glibc=/.test(name);
}

/** With a lower threshold a process may need more mappings than vm.max_map_count allows: then malloc fails. */
function mayCrash({ name }: Scenario): boolean {
  return /mmap_threshold/i.test(name);
}
