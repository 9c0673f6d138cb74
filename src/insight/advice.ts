import { byteUnit, change, size } from "../report/format.ts";
import type { Sentence } from "../report/presented.ts";
import type { Scenario } from "../report/report.ts";
import { plain } from "./sentences.ts";
import { servesAllCalls } from "./served-calls.ts";

/** Smaller gains are not worth a change of settings, and are not called help. */
const WORTHWHILE_RATIO = 0.02;
const WORTHWHILE_BYTES = 4096;
/** Of scenarios that gain nearly the same, the one with the fewest settings is named. */
const NEARLY_THE_SAME = 0.99;

type Moment = "peakBytes" | "endBytes";

/** The scenario that lowers RSS most at that moment; null when none lowers it by much. */
function best(recorded: Scenario, whatIfs: readonly Scenario[], moment: Moment): Scenario | null {
  const gain = (scenario: Scenario): number => recorded.rss[moment] - scenario.rss[moment];
  const most = Math.max(...whatIfs.map(gain));
  if (most < WORTHWHILE_BYTES || most < WORTHWHILE_RATIO * recorded.rss[moment]) {
    return null;
  }
  const settings = (scenario: Scenario): number => scenario.name.split(",").length;
  const contenders = whatIfs.filter((scenario) => gain(scenario) >= NEARLY_THE_SAME * most);
  return contenders.sort((a, b) => settings(a) - settings(b))[0] ?? null;
}

export function advice(recorded: Scenario, tried: readonly Scenario[]): Sentence {
  if (tried.length === 0) {
    return plain("No other settings were tried.");
  }
  const whatIfs = tried.filter((scenario) => servesAllCalls(scenario, recorded));
  if (whatIfs.length === 0) {
    return noneServes(tried);
  }
  const peak = best(recorded, whatIfs, "peakBytes");
  const end = best(recorded, whatIfs, "endBytes");
  const at = (moment: Moment, scenario: Scenario): string =>
    fromTo(recorded.rss[moment], scenario.rss[moment]);
  if (peak === null && end === null) {
    return noHelp(tried, whatIfs.length === tried.length);
  }
  if (peak === null && end !== null) {
    const text = `${end.name} helps most: it takes RSS at the end ${at("endBytes", end)}; nothing tried lowers the peak.`;
    return { tone: "good", text };
  }
  if (peak !== null && end !== null && peak !== end) {
    const text = `${peak.name} helps most at the peak: it takes peak RSS ${at("peakBytes", peak)}; at the end ${end.name} helps most: ${at("endBytes", end)}.`;
    return { tone: "good", text };
  }
  const both = peak ?? recorded;
  const text = `${both.name} helps most: it takes peak RSS ${at("peakBytes", both)}, RSS at the end ${at("endBytes", both)}.`;
  return { tone: "good", text };
}

function noneServes(tried: readonly Scenario[]): Sentence {
  const [only] = tried;
  return plain(
    tried.length === 1 && only !== undefined
      ? `Under ${only.name} glibc could not serve all calls.`
      : `Under none of the ${tried.length} settings tried could glibc serve all calls.`,
  );
}

function noHelp(tried: readonly Scenario[], allServe: boolean): Sentence {
  const [only] = tried;
  const none =
    tried.length === 1 && only !== undefined
      ? `${only.name} does not lower`
      : `None of the ${tried.length} settings tried lowers`;
  const least = `${WORTHWHILE_RATIO * 100} %`;
  if (!allServe) {
    return plain(`${none} RSS by ${least} or more and serves all calls.`);
  }
  return plain(`${none} RSS by ${least} or more, neither at the peak nor at the end.`);
}

function fromTo(from: number, to: number): string {
  const unit = byteUnit([from, to]);
  const by = change(from, to);
  return `from ${size(from, unit)} to ${size(to, unit)}${by === null ? "" : ` (${by})`}`;
}
