import type { Scenario } from "../../report/report.ts";
import { servesAllCalls } from "./served-calls.ts";
import { isWorthwhile } from "./worthwhile.ts";

/** Of settings whose gain is this close to the best, the simplest comes first. */
const NEARLY_THE_SAME = 0.98;

export type Moment = "peak" | "end";
export const MOMENTS: readonly Moment[] = ["peak", "end"];

/** The scenarios under which all calls are served and RSS is notably lower at that moment, best first. */
export function ranked(
  recorded: Scenario,
  whatIfs: readonly Scenario[],
  moment: Moment,
): Scenario[] {
  const before = rssAt(recorded, moment);
  const gain = (scenario: Scenario): number => before - rssAt(scenario, moment);
  const rest = new Set(
    whatIfs
      .filter((scenario) => servesAllCalls(scenario, recorded))
      .filter((scenario) => isWorthwhile(gain(scenario), before)),
  );
  const inOrder: Scenario[] = [];
  while (rest.size > 0) {
    const most = Math.max(...[...rest].map(gain));
    const alike = [...rest].filter((scenario) => gain(scenario) >= NEARLY_THE_SAME * most);
    alike.sort(
      (a, b) =>
        settingsOf(a) - settingsOf(b) ||
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

/** Whether the ranges of RSS show that it is lower under the setting: they do not overlap. */
export function isSurelyLower(
  { rss: whatIf }: Scenario,
  { rss: recorded }: Scenario,
  moment: Moment,
): boolean {
  return moment === "peak"
    ? whatIf.peakHighBytes < recorded.peakLowBytes
    : whatIf.highBytes < recorded.lowBytes;
}

function settingsOf({ name }: Scenario): number {
  return name.split(/,|:(?=glibc\.)/).length;
}

/** With a lower threshold a process may need more mappings than vm.max_map_count allows: then malloc fails. */
function mayCrash({ name }: Scenario): boolean {
  return /mmap_threshold/i.test(name);
}
