import { byteUnit, exact, percent, plural, share, signed, size } from "../report/format.ts";
import type { Sentence } from "../report/presented.ts";
import type { Fidelity, Report, Scenario, TouchFit } from "../report/report.ts";
import { advice } from "./advice.ts";
import { containerSentences } from "./container.ts";
import { after, plain } from "./sentences.ts";

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
    sentences.push(...containerSentences(report.container, report.scenarios));
  }
  sentences.push(advice(recorded, whatIfs), certainty(report.model.fidelity));
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

/** Below this, the modelled heap has drifted so far from the real one that its sizes are estimates. */
export const TRUSTED_RATIO = 0.95;

/** How sure the share of reproduced pointers makes the figures. */
export function fidelityTone({ compared, equal }: Fidelity): Sentence["tone"] {
  if (compared === 0) {
    return "plain";
  }
  if (equal === compared) {
    return "good";
  }
  return equal / compared >= TRUSTED_RATIO ? "plain" : "bad";
}

function certainty(fidelity: Fidelity): Sentence {
  const { compared, equal, firstDivergence } = fidelity;
  if (compared === 0) {
    return plain("How sure: unknown, the log holds no pointers to compare with the model's.");
  }
  const tone = fidelityTone(fidelity);
  const pointers = `${exact(equal)} of ${exact(compared)} pointers`;
  if (equal === compared) {
    return { tone, text: `The model reproduced ${pointers}.` };
  }
  const first =
    firstDivergence === null
      ? ""
      : `, the first other one is in line ${exact(firstDivergence.line)}`;
  const text = `The model reproduced ${pointers} (${share(equal, compared)})${first}`;
  return { tone, text: tone === "bad" ? `${text}: take the sizes as estimates.` : `${text}.` };
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
