import type { Report } from "../../report/contract/report.ts";
import { capitalized, percent, plural, size } from "../../report/wording/format.ts";
import type { Sentence } from "../../report/wording/presented.ts";
import { heldLikewise, pinSentence } from "../pins/pin-sentence.ts";
import { labelled, plain } from "../sentences.ts";
import { busiest, dominantPattern } from "./busiest.ts";
import { callerName } from "./names.ts";

/** What holds less than this of RSS is not worth a word on the first screen. */
const NOTABLE_RATIO = 0.1;
const NOTABLE_BYTES = 1024 * 1024;
/** One call site has so much of the live memory that it is worth naming. */
const DOMINANT_RATIO = 0.2;

/** Whose memory it is: the threads and the library that allocate most, the call site with most live memory, and what holds freed memory. */
export function who(report: Report): Sentence[] {
  const sentences = [busiest(report), dominantPattern(report), holder(report), pin(report)].filter(
    (one) => one !== null,
  );
  const [first, ...others] = sentences;
  return first === undefined
    ? []
    : [labelled("Who", plain([first, ...others.map(capitalized)].join(" ")))];
}

function holder(report: Report): string | null {
  const { live, callers } = report;
  const known = callers.filter(({ caller, merged }) => caller !== null && !merged);
  if (live.bytes < NOTABLE_BYTES || known.length < 2) {
    return null;
  }
  const first = known.reduce((most, one) => (one.liveBytes > most.liveBytes ? one : most));
  if (first.caller === null || first.liveBytes < DOMINANT_RATIO * live.bytes) {
    return null;
  }
  const share = `${size(first.liveBytes)} (${percent(first.liveBytes / live.bytes)}) of what is live`;
  return `call site ${callerName(first.caller, report)} allocated ${share}, ${plural(first.liveBlocks, "block")}.`;
}

function pin(report: Report): string | null {
  const [recorded] = report.scenarios;
  const [largest, ...others] = report.pins ?? [];
  if (recorded === undefined || largest === undefined) {
    return null;
  }
  const { heldBytes } = largest;
  if (heldBytes < NOTABLE_BYTES || heldBytes < NOTABLE_RATIO * recorded.rss.endBytes) {
    return null;
  }
  const more = others.length === 0 ? "" : ` ${capitalized(heldLikewise(others))}.`;
  return `${pinSentence(largest, report)}.${more}`;
}
