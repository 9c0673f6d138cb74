import type { Report, TraceSummary, UnreadCalls } from "../../report/contract/report.ts";
import { count, percent } from "../../report/wording/format.ts";
import { printable } from "../../report/wording/printable.ts";
import { cut } from "../../report/wording/shorten.ts";

const SHOWN_CHARACTERS = 60;

/** The part of a report's summary of a log that tells what was read. */
export interface ReadCounts extends Pick<TraceSummary, "unreadCalls"> {
  readonly anomalies: Pick<TraceSummary["anomalies"], "truncatedInputs">;
  readonly lines: Pick<TraceSummary["lines"], "total">;
}

/** In a longer log a single line of a rare call may be garbled. */
const SHORT_LINES = 1000;

/**
 * The kinds of call of which more lines could not be read than were: without them no figure of the report holds. A last
 * line that is cut short says nothing about its kind.
 */
export function mostlyUnread({
  unreadCalls = [],
  anomalies,
  lines: { total },
}: ReadCounts): readonly UnreadCalls[] {
  const least = total > SHORT_LINES ? 2 : 1;
  return unreadCalls.filter(
    ({ lines, read }) => lines >= least && lines - anomalies.truncatedInputs > read,
  );
}

/** From so many unread lines on, and this part of all, the report begins with them: the log may have two forms of lines. */
const FEW_LINES = 10;
const SHARE = 0.05;

/** The report's first sentence if most lines of a kind of call, or many lines of the log, were not read; else null. */
export function unreadSentence({ trace }: Report): string | null {
  const { lines, malformedSamples } = trace;
  const kinds = mostlyUnread(trace);
  const [first] = kinds.map((kind) => kind.first).sort((a, b) => a.line - b.line);
  if (first !== undefined) {
    const unread = kinds.reduce((sum, kind) => sum + kind.lines, 0);
    return `${part(unread / lines.total)} of the lines, ${unreadCalls(kinds)}, were not read: ${shown(first)}`;
  }
  const [sample] = malformedSamples;
  const relevant = lines.total - lines.comments - lines.blank;
  const areMost = lines.malformed * 2 > relevant;
  const areMany = lines.malformed >= Math.max(FEW_LINES, relevant * SHARE);
  if (sample === undefined || !(areMost || areMany)) {
    return null;
  }
  return `${part(lines.malformed / lines.total)} of the lines were not read: ${shown(sample)}`;
}

/** A share in whole per cent, as a headline needs it. */
function part(ratio: number): string {
  return ratio < 0.01 ? percent(ratio) : `${Math.round(100 * ratio)} %`;
}

function shown({ line, text }: UnreadCalls["first"]): string {
  return `line ${count(line)}: ${cut(printable(text), SHOWN_CHARACTERS)}`;
}

/** "all calls of free" */
export function unreadCalls(kinds: readonly UnreadCalls[]): string {
  const share = kinds.every(({ read }) => read === 0) ? "all" : "most";
  return `${share} calls of ${listed(kinds.map(({ call }) => call))}`;
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}
