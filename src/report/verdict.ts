import {
  byteUnit,
  change,
  duration,
  exact,
  percent,
  plural,
  share,
  signed,
  size,
} from "./format.ts";
import type { Container, Fidelity, Report, Scenario, TouchFit } from "./report.ts";
import { serves } from "./serving.ts";

/** One sentence of the verdict. The tone only colours what the words say already. */
export interface Sentence {
  readonly tone: "plain" | "good" | "bad";
  readonly text: string;
}

/** The answer in words: what is live, what glibc holds beyond it, what would help, and how sure that is. */
export function verdict(report: Report): Sentence[] {
  const [recorded, ...whatIfs] = report.scenarios;
  const sentences: Sentence[] = [];
  const interrupted = interruption(report);
  if (interrupted !== null) {
    sentences.push({ tone: "bad", text: interrupted });
  }
  if (report.trace.events === 0) {
    return interrupted === null ? [nothing] : sentences;
  }
  if (recorded === undefined || report.model === null) {
    return [...sentences, liveOnly(report), modelOff];
  }
  sentences.push(held(recorded));
  if (report.container !== undefined) {
    sentences.push(...inContainer(report.container, report.scenarios));
  }
  sentences.push(help(recorded, whatIfs), certainty(report.model.fidelity));
  if (report.measured !== null) {
    sentences.push(againstMeasured(report.measured));
  }
  if (report.model.fit?.outside) {
    sentences.push(outOfReach(report.model.fit));
  }
  return sentences;
}

const modelOff: Sentence = {
  tone: "plain",
  text: "Nothing is said of RSS: no model was run (--no-model).",
};

const nothing: Sentence = {
  tone: "plain",
  text: "No event was read: there is nothing to tell.",
};

/** What every format has to tell of a report that is not of the whole log; null of one that is. */
export function interruption({ complete, trace: { events } }: Report): string | null {
  if (complete) {
    return null;
  }
  if (events === 0) {
    return "Interrupted before the first event was read: there is nothing to tell.";
  }
  return `Interrupted: all figures are those of the first ${plural(events, "event")} only.`;
}

function liveOnly({ live }: Report): Sentence {
  const unit = byteUnit([live.bytes, live.peakBytes]);
  const when = after(live.peakTime, ",");
  const now = live.blocks === 0 ? "Nothing is" : `${size(live.bytes, unit)} are`;
  const blocks = live.blocks === 0 ? "" : ` in ${plural(live.blocks, "block")}`;
  const text = `${now} live at the end${blocks}; the peak was ${size(live.peakBytes, unit)}${when}.`;
  return { tone: "plain", text };
}

/** Times out of order can put a moment before the first line's: then nothing is said of it. */
function after(time: number | null, separator = ""): string {
  return time === null || time < 0 ? "" : `${separator} after ${duration(time)}`;
}

function held({ requestedBytes: live, rss }: Scenario): Sentence {
  const unit = byteUnit([live, rss.endBytes]);
  const resident = size(rss.endBytes, unit);
  const beyond = rss.endBytes - live;
  if (live === 0) {
    return plain(`Nothing is live at the end; glibc keeps ${resident} resident.`);
  }
  const lives = `${size(live, unit)} are live at the end; glibc keeps ${resident} resident`;
  if (beyond < 0) {
    return plain(`${lives}, less than is live: part of it was never written.`);
  }
  const ratio = percent(beyond / rss.endBytes);
  return plain(`${lives}, ${size(beyond, unit)} (${ratio}) of it beyond what is live.`);
}

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

function help(recorded: Scenario, tried: readonly Scenario[]): Sentence {
  if (tried.length === 0) {
    return plain("No other settings were tried.");
  }
  const whatIfs = tried.filter((scenario) => serves(scenario, recorded));
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

/** Below this, the modelled heap has drifted so far from the real one that its sizes are estimates. */
export const TRUSTED_RATIO = 0.95;

function certainty({ compared, equal, firstDivergence }: Fidelity): Sentence {
  if (compared === 0) {
    return plain("How sure: unknown, the log holds no pointers to compare with the model's.");
  }
  const pointers = `${exact(equal)} of ${exact(compared)} pointers`;
  if (equal === compared) {
    return { tone: "good", text: `The model reproduced ${pointers}.` };
  }
  const first =
    firstDivergence === null
      ? ""
      : `, the first other one is in line ${exact(firstDivergence.line)}`;
  const text = `The model reproduced ${pointers} (${share(equal, compared)})${first}`;
  if (equal / compared >= TRUSTED_RATIO) {
    return plain(`${text}.`);
  }
  return { tone: "bad", text: `${text}: take the sizes as estimates.` };
}

function againstMeasured({ rssSamples, error }: NonNullable<Report["measured"]>): Sentence {
  const samples = plural(rssSamples.length, "measured RSS sample");
  const text = `Against ${samples} it is off by ${signed(error.median)} in the median, ${signed(error.max)} at worst.`;
  return plain(text);
}

/** What was measured is not what the model can have, whatever the program wrote of its large blocks. */
function outOfReach({ outside, error, source }: TouchFit): Sentence {
  const measured = source === "rss samples" ? "The RSS samples lie" : "The measured RSS lies";
  const where =
    outside === "above"
      ? "above what the model has with every block written"
      : "below what the model has with nothing of the blocks above 32 KiB written";
  const text = `${measured} ${where}: the nearest is taken, off by ${signed(error.max)}.`;
  return { tone: "bad", text };
}

function inContainer(
  { limitBytes, baseRssBytes, scenarios }: Container,
  all: readonly Scenario[],
): Sentence[] {
  const [recorded, ...whatIfs] = scenarios;
  const [asRecorded] = all;
  if (recorded === undefined || asRecorded === undefined) {
    return [];
  }
  const unit = byteUnit([recorded.peakBytes, limitBytes ?? 0]);
  const parts =
    baseRssBytes === 0
      ? "malloc's part alone, see --base-rss"
      : `${size(baseRssBytes, unit)} of it outside malloc`;
  const needs = `${size(recorded.peakBytes, unit)} at its peak (${parts})`;
  if (limitBytes === null) {
    return [plain(`The process needs ${needs}.`)];
  }
  const limit = `the container's limit of ${size(limitBytes, unit)}`;
  if (recorded.fits) {
    return [{ tone: "good", text: `It fits ${limit}: it needs ${needs}.` }];
  }
  const killed: Sentence = {
    tone: "bad",
    text: `It is OOM-killed${after(recorded.killedTime)}: it needs ${needs}, more than ${limit}.`,
  };
  if (whatIfs.length === 0) {
    return [killed];
  }
  const serving = new Set(
    all.filter((scenario) => serves(scenario, asRecorded)).map(({ name }) => name),
  );
  const fitting = whatIfs.filter(({ name, fits }) => fits && serving.has(name));
  if (fitting.length === 0) {
    return [killed, plain("With none of the settings tried does it fit.")];
  }
  const names = fitting.map(({ name, peakBytes }) => `${name} (${size(peakBytes, unit)})`);
  return [killed, { tone: "good", text: `It would fit with ${names.join(" or ")}.` }];
}

function plain(text: string): Sentence {
  return { tone: "plain", text };
}
