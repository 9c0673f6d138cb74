import { byteUnit, change, percent, size } from "../../report/format.ts";
import type { Sentence } from "../../report/presented.ts";
import type { CausesOfScenario, RssFigures, Scenario } from "../../report/report.ts";
import { BEYOND_LIVE, heldBytes } from "../causes/cause-words.ts";
import { plain } from "../sentences.ts";
import { priceClause } from "./price.ts";
import { servesAllCalls } from "./served-calls.ts";
import { isWide } from "./wide-range.ts";
import { isWorthwhile, WORTHWHILE_RATIO } from "./worthwhile.ts";

/** Of settings whose gain is this close to the best, the simplest is named. */
const NEARLY_THE_SAME = 0.98;
/** From this share of RSS on, one cause explains why no setting helps. */
const EXPLAINED_RATIO = 0.5;

type Moment = "peakBytes" | "endBytes";

/**
 * The setting that lowers RSS most, at the peak and at the end, of those under which no call fails. It follows a label.
 * `causes`: why the memory of the recorded run is resident; null if that is unknown.
 */
export function advice(
  recorded: Scenario,
  tried: readonly Scenario[],
  causes: CausesOfScenario | null,
): Sentence {
  if (tried.length === 0) {
    return plain("no other settings were tried.");
  }
  const whatIfs = tried.filter((scenario) => servesAllCalls(scenario, recorded));
  if (whatIfs.length === 0) {
    return allFail(tried);
  }
  const peak = best(recorded, whatIfs, "peakBytes");
  const end = best(recorded, whatIfs, "endBytes");
  const from = recorded.rss;
  if (peak === null) {
    return end === null
      ? noHelp(tried, whatIfs.length === tried.length, causes)
      : good(
          `${end.name} lowers RSS at the end most: ${fromTo(from.endBytes, end.rss.endBytes)}${priceClause(end, recorded)}; no setting tried lowers the peak.`,
          [recorded, end],
        );
  }
  if (end === null || peak === end) {
    const { name, rss } = peak;
    return good(
      `${name} helps most: peak RSS ${moved(from.peakBytes, rss.peakBytes)}, RSS at the end ${moved(from.endBytes, rss.endBytes)}${priceClause(peak, recorded)}.`,
      [recorded, peak],
    );
  }
  return good(
    `${peak.name} lowers peak RSS most: ${fromTo(from.peakBytes, peak.rss.peakBytes)}${priceClause(peak, recorded)}. ${end.name} lowers RSS at the end most: ${fromTo(from.endBytes, end.rss.endBytes)}${priceClause(end, recorded)}.`,
    [recorded, peak, end],
  );
}

/** The scenario that lowers RSS most at that moment; null if none lowers it enough. */
function best(recorded: Scenario, whatIfs: readonly Scenario[], moment: Moment): Scenario | null {
  const gain = (scenario: Scenario): number => recorded.rss[moment] - scenario.rss[moment];
  const most = Math.max(...whatIfs.map(gain));
  if (!isWorthwhile(most, recorded.rss[moment])) {
    return null;
  }
  const contenders = whatIfs.filter((scenario) => gain(scenario) >= NEARLY_THE_SAME * most);
  const order = (a: Scenario, b: Scenario): number =>
    settingsOf(a) - settingsOf(b) || Number(mayCrash(a)) - Number(mayCrash(b)) || gain(b) - gain(a);
  return contenders.sort(order)[0] ?? null;
}

function settingsOf({ name }: Scenario): number {
  return name.split(",").length;
}

/** With a lower threshold a process may need more mappings than vm.max_map_count allows: then malloc fails. */
function mayCrash({ name }: Scenario): boolean {
  return /mmap_threshold/i.test(name);
}

function allFail(tried: readonly Scenario[]): Sentence {
  const [first, ...others] = tried;
  const settings =
    first !== undefined && others.length === 0
      ? first.name
      : `each of the ${tried.length} settings tried`;
  return plain(`with ${settings}, calls that succeeded in the recorded run would fail.`);
}

function noHelp(
  tried: readonly Scenario[],
  allServe: boolean,
  causes: CausesOfScenario | null,
): Sentence {
  const [first, ...others] = tried;
  const none =
    first !== undefined && others.length === 0
      ? `${first.name} does not lower`
      : `none of the ${tried.length} settings tried lowers`;
  const when = allServe ? ", at the peak or at the end" : " without failing calls";
  return plain(
    `${none} RSS by ${WORTHWHILE_RATIO * 100} % and 1 MiB or more${when}${reason(causes)}.`,
  );
}

/** What the memory is that no setting gives back; empty if it is of several kinds. */
function reason(causes: CausesOfScenario | null): string {
  const atPeak = causes?.peak ?? causes?.end;
  if (atPeak === undefined) {
    return "";
  }
  const when = causes?.peak ? "at the peak" : "at the end";
  const rss = Object.values(atPeak).reduce((sum: number, bytes: number) => sum + bytes, 0);
  const kinds = BEYOND_LIVE.map(([cause, words]) => ({ bytes: atPeak[cause], words }));
  const all = [{ bytes: heldBytes(atPeak), words: "live" }, ...kinds];
  const largest = all.find(({ bytes }) => rss > 0 && bytes >= EXPLAINED_RATIO * rss);
  return largest === undefined
    ? ""
    : `: ${percent(largest.bytes / rss)} of the memory ${when} is ${largest.words}`;
}

/** "falls from 455.2 MiB to 259.9 MiB (-42.9 %)" */
function moved(from: number, to: number): string {
  if (from === to) {
    return `stays at ${size(to)}`;
  }
  return `${to < from ? "falls" : "rises"} ${fromTo(from, to)}`;
}

/** "from 455.2 MiB to 259.9 MiB (-42.9 %)" */
function fromTo(from: number, to: number): string {
  const unit = byteUnit([from, to]);
  const by = change(from, to);
  return `from ${size(from, unit)} to ${size(to, unit)}${by === null ? "" : ` (${by})`}`;
}

/** `compared`: the scenarios whose figures the text states. */
function good(text: string, compared: readonly Scenario[]): Sentence {
  const ranges = compared.some(({ rss }) => hasWideRange(rss))
    ? " These are the most likely values; their ranges are below."
    : "";
  return { tone: "good", text: `${text}${ranges}` };
}

function hasWideRange(rss: RssFigures): boolean {
  return (
    isWide(rss.endBytes, rss.lowBytes, rss.highBytes) ||
    isWide(rss.peakBytes, rss.peakLowBytes, rss.peakHighBytes)
  );
}
