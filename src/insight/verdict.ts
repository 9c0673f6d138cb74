import type { Fidelity, Report, RssFigures, Scenario } from "../report/contract/report.ts";
import {
  type ByteUnit,
  byteUnit,
  exact,
  percent,
  plural,
  share,
  signed,
  size,
} from "../report/wording/format.ts";
import type { Sentence } from "../report/wording/presented.ts";
import { why } from "./causes/why.ts";
import { advice } from "./cures/advice.ts";
import { containerSentences } from "./cures/container.ts";
import { jvmCure } from "./cures/jvm-cure.ts";
import { typedForNamed } from "./cures/typed-for-named.ts";
import { untried } from "./cures/untried.ts";
import { isWide } from "./cures/wide-range.ts";
import { outsideSentences } from "./evidence/fit-sentences.ts";
import { noAddressesSentence } from "./evidence/foreign-log.ts";
import { gradeSentence, isUnreliable, TRUSTED_RATIO } from "./evidence/grade.ts";
import { observedSentences } from "./evidence/observed-sentences.ts";
import { unreadSentence } from "./evidence/unread-lines.ts";
import { processSentences } from "./process-sentences.ts";
import { holding } from "./proof/proof-sentences.ts";
import { after, labelled, plain } from "./sentences.ts";
import { who } from "./who/who.ts";

/**
 * The answer in words: what is live and what glibc keeps beyond it, why it does, whose memory it is, which setting helps, and
 * how far to trust the figures.
 */
export function verdict(report: Report): Sentence[] {
  const [recorded, ...whatIfs] = report.scenarios;
  const sentences: Sentence[] = [];
  const interrupted = interruption(report);
  if (interrupted !== null) {
    sentences.push({ tone: "bad", text: interrupted });
  }
  if (report.trace.events === 0) {
    return interrupted === null ? [plain("No event was read: nothing to report.")] : sentences;
  }
  sentences.push(...processSentences(report));
  const unread = unreadSentence(report);
  if (unread !== null) {
    sentences.push({ tone: "bad", text: unread });
  }
  if (recorded === undefined || report.model === null) {
    const reason =
      noAddressesSentence(report.trace) ?? "No RSS: the model was not run (--no-model).";
    return [...sentences, liveOnly(report), plain(reason)];
  }
  const graded = gradeSentence(report);
  if (graded !== null) {
    sentences.push(graded);
  }
  if (isUnreliable(report)) {
    const judged = report.container === undefined ? [] : [NOT_CONTAINED];
    return [...sentences, liveOnly(report), ...judged, ...measuredSentences(report)];
  }
  sentences.push(resident(recorded, report.model.inferred.unloggedBytes, report.live.blocks));
  if (report.container !== undefined) {
    sentences.push(...containerSentences(report.container, report.scenarios));
  }
  sentences.push(...why(report), ...who(report));
  const inJvm = jvmCure(report);
  const cure = labelled("Cure", advice(recorded, whatIfs, report.causes?.[recorded.name] ?? null));
  const typed = typedForNamed(report);
  const others = untried(report);
  sentences.push(
    typed.length === 0 ? cure : { ...cure, typed },
    ...[inJvm, others].filter((one) => one !== null),
    ...proof(report.model.fidelity, report.proof),
  );
  return [...sentences, ...measuredSentences(report)];
}

const NOT_CONTAINED = plain("Whether the process fits its container cannot be judged.");

function measuredSentences(report: Report): Sentence[] {
  const { measured, model } = report;
  const sentences = measured === null ? [] : [againstMeasured(measured)];
  return [...sentences, ...outsideSentences(model?.fit ?? null), ...observedSentences(report)];
}

/** The sentence that every format shows for a partly read log; null for a complete one. */
export function interruption({ complete, interim, trace: { events } }: Report): string | null {
  if (complete) {
    return null;
  }
  if (interim) {
    return `Interim report: all figures cover the first ${plural(events, "event")}; the log is still being read.`;
  }
  if (events === 0) {
    return "Interrupted before the first event was read: nothing to report.";
  }
  return `Interrupted: all figures cover the first ${plural(events, "event")} only.`;
}

function liveOnly({ live }: Report): Sentence {
  const unit = byteUnit([live.bytes, live.peakBytes]);
  const when = after(live.peakTime, ",");
  const now = live.blocks === 0 ? "Nothing is" : `${size(live.bytes, unit)} ${isOrAre(live.bytes)}`;
  const blocks = live.blocks === 0 ? "" : ` in ${plural(live.blocks, "block")}`;
  return plain(
    `${now} live at the end${blocks}; the peak was ${size(live.peakBytes, unit)}${when}.`,
  );
}

function isOrAre(count: number): string {
  return count === 1 ? "is" : "are";
}

/** Resident bytes of the recorded run beside the live ones, and those allocated outside the log, which are in use. */
function resident(
  { requestedBytes: live, rss }: Scenario,
  outsideBytes: number,
  liveBlocks: number,
): Sentence {
  const unit = byteUnit([live, rss.endBytes]);
  const kept = withRange(rss, unit);
  const rest = rss.endBytes - live - outsideBytes;
  if (live === 0) {
    const now =
      liveBlocks === 0
        ? "Nothing is"
        : `${plural(liveBlocks, "block")} of 0 B ${isOrAre(liveBlocks)}`;
    return plain(`${now} live at the end; glibc keeps ${kept}.`);
  }
  const both = `${size(live, unit)} ${isOrAre(live)} live at the end; glibc keeps ${kept}`;
  if (rest < 0) {
    return plain(`${both}, less than is live: part of it was never written.`);
  }
  const ratio = percent(rest / rss.endBytes);
  const more = `${both}, ${size(rest, unit)} (${ratio}) more than is live`;
  return plain(
    outsideBytes < rss.endBytes * NOTABLE_OUTSIDE
      ? `${more}.`
      : `${more} or, with ${size(outsideBytes, unit)}, in use from outside the log.`,
  );
}

/** What the log proves of the model, and what measurements prove of the predictions. */
function proof(fidelity: Fidelity, measured: Report["proof"]): Sentence[] {
  const known = labelled("Proof", reproduced(fidelity));
  return measured === undefined ? [known] : [known, ...holding(measured.runs)];
}

/** What is resident, with a range where one number would claim too much. */
function withRange({ endBytes, lowBytes, highBytes }: RssFigures, unit: ByteUnit): string {
  const likeliest = size(endBytes, unit);
  return !isWide(endBytes, lowBytes, highBytes)
    ? `${likeliest} resident`
    : `${size(lowBytes, unit)} to ${size(highBytes, unit)} resident, most likely ${likeliest}`;
}

/** A smaller part of RSS from outside the log is not worth a word. */
const NOTABLE_OUTSIDE = 0.01;

/** How far the share of reproduced pointers lets the figures be trusted. */
export function fidelityTone({ compared, equal }: Fidelity): Sentence["tone"] {
  if (compared === 0) {
    return "plain";
  }
  if (equal === compared) {
    return "good";
  }
  return equal / compared >= TRUSTED_RATIO ? "plain" : "bad";
}

/** How many of the log's pointers the model reproduced, as a clause. */
export function reproduced(fidelity: Fidelity): Sentence {
  const { compared, equal, firstDivergence } = fidelity;
  const tone = fidelityTone(fidelity);
  const pointers = `${exact(equal)} of ${exact(compared)} pointer${compared === 1 ? "" : "s"}`;
  if (equal === compared) {
    return { tone, text: `the model reproduced ${pointers}.` };
  }
  const first =
    firstDivergence === null
      ? ""
      : `; the first mismatch is in line ${exact(firstDivergence.line)}`;
  return {
    tone,
    text: `the model reproduced ${pointers} (${share(equal, compared)})${first}.`,
  };
}

function againstMeasured({ rssSamples, error }: NonNullable<Report["measured"]>): Sentence {
  const samples = plural(rssSamples.length, "measured sample");
  return plain(
    `Modelled RSS against ${samples}: ${signed(error.median)} in the median, ${signed(error.max)} at worst.`,
  );
}
