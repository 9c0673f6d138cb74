import type { CausesOfScenario, RssFigures, Scenario } from "../../report/contract/report.ts";
import { byteUnit, change, percent, size } from "../../report/wording/format.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { BEYOND_LIVE, heldBytes } from "../causes/cause-words.ts";
import { plain } from "../sentences.ts";
import { disablesCache, notablePrice } from "./price.ts";
import { dependsOnOrder, isSurelyLower, MOMENTS, type Moment, ranked, rssAt } from "./ranking.ts";
import { servesAllCalls } from "./served-calls.ts";
import { isWide } from "./wide-range.ts";
import { isWorthwhile, WORTHWHILE_RATIO } from "./worthwhile.ts";

/** From this share of RSS on, one cause explains why no setting helps. */
const EXPLAINED_RATIO = 0.5;

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
  const [peak = null] = ranked(recorded, whatIfs, "peak");
  const [end = null] = ranked(recorded, whatIfs, "end");
  const from = recorded.rss;
  if (peak === null) {
    return end === null
      ? noHelp(tried, whatIfs.length === tried.length, causes)
      : good(
          `${lowersMost(end, recorded, "end")}; ${raised(end, recorded, "peak") ?? "no setting tried lowers the peak"}.`,
          recorded,
          [end],
        );
  }
  const isUncertain = dependsOnOrder(peak, recorded, "peak");
  if (end === null || (peak === end && dependsOnOrder(end, recorded, "end") === isUncertain)) {
    const { name, rss } = peak;
    const price = notablePrice(peak, recorded);
    const cost = price === null ? "" : ` It makes ${price}.`;
    const helps = isUncertain
      ? `it is uncertain whether ${name} helps, as ${OTHER_ORDER}`
      : `${name} helps most`;
    return good(
      `${helps}: peak RSS ${moved(from.peakBytes, rss.peakBytes)}, RSS at the end ${moved(from.endBytes, rss.endBytes)}.${cost}`,
      recorded,
      [peak],
    );
  }
  const first = `${lowersMost(peak, recorded, "peak")}${butRaises(peak, recorded, "end")}.`;
  const second = `${lowersMost(end, recorded, "end", "It")}${butRaises(end, recorded, "peak")}.`;
  return good(`${first} ${second}`, recorded, peak === end ? [peak] : [peak, end]);
}

/** "A=1 lowers peak RSS most: from 455.2 MiB to 259.9 MiB (-42.9 %)", and its price; "It" begins a sentence. */
function lowersMost(
  cure: Scenario,
  recorded: Scenario,
  moment: Moment,
  it: "it" | "It" = "it",
): string {
  const by = fromTo(rssAt(recorded, moment), rssAt(cure, moment));
  const price = notablePrice(cure, recorded);
  const cost = price === null ? "" : `, and makes ${price}`;
  const lowers = dependsOnOrder(cure, recorded, moment)
    ? `${it} is uncertain whether ${cure.name} lowers ${WHICH[moment]}, as ${OTHER_ORDER}`
    : `${cure.name} lowers ${WHICH[moment]} most`;
  return `${lowers}: ${by}${cost}`;
}

const OTHER_ORDER = "the threads of another run may meet in another order";

const WHICH: Readonly<Record<Moment, string>> = { peak: "peak RSS", end: "RSS at the end" };

function butRaises(cure: Scenario, recorded: Scenario, moment: Moment): string {
  const clause = raised(cure, recorded, moment);
  return clause === null ? "" : `, but ${clause}`;
}

/** "it raises peak RSS to 500 MiB (+9.8 %)"; null if it does not, or not notably */
function raised(cure: Scenario, recorded: Scenario, moment: Moment): string | null {
  const [from, to] = [rssAt(recorded, moment), rssAt(cure, moment)];
  const by = change(from, to);
  return isWorthwhile(to - from, from)
    ? `it raises ${WHICH[moment]} to ${size(to)}${by === null ? "" : ` (${by})`}`
    : null;
}

function allFail(tried: readonly Scenario[]): Sentence {
  const [first, ...others] = tried;
  const settings =
    first !== undefined && others.length === 0
      ? first.name
      : `each of the ${tried.length} settings listed`;
  return plain(`with ${settings}, calls that succeeded in the recorded run would fail.`);
}

/** Settings that were tried unasked, and do not help, are not among `tried`: their number is not known here. */
function noHelp(
  tried: readonly Scenario[],
  allServe: boolean,
  causes: CausesOfScenario | null,
): Sentence {
  const [first, ...others] = tried;
  const none =
    first !== undefined && others.length === 0
      ? `${first.name} does not lower`
      : "no setting tried lowers";
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

/** `cures`: the scenarios whose figures the text states beside those of the recorded run. */
function good(text: string, recorded: Scenario, cures: readonly Scenario[]): Sentence {
  const isWide = [recorded, ...cures].some(({ rss }) => hasWideRange(rss));
  const slower = cures.some((cure) => disablesCache(cure, recorded)) ? SLOWER : "";
  return { tone: "good", text: `${text}${slower}${isWide ? rangeNote(recorded, cures) : ""}` };
}

const SLOWER = " Without the threads' caches, calls take longer.";

function rangeNote(recorded: Scenario, cures: readonly Scenario[]): string {
  const doubtful = cures.filter((cure) =>
    MOMENTS.some(
      (moment) =>
        ranked(recorded, [cure], moment).length > 0 && !isSurelyLower(cure, recorded, moment),
    ),
  );
  const note = " These are the most likely values; their ranges are below.";
  const names = doubtful.map(({ name }) => name).join(" and ");
  return names === "" ? note : `${note} Those of ${names} overlap those of the recorded run.`;
}

function hasWideRange(rss: RssFigures): boolean {
  return (
    isWide(rss.endBytes, rss.lowBytes, rss.highBytes) ||
    isWide(rss.peakBytes, rss.peakLowBytes, rss.peakHighBytes)
  );
}
