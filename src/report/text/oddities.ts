import { exact, plural } from "../format.ts";
import type { Anomalies, TraceSummary } from "../report.ts";
import { printable } from "./printable.ts";
import { cut, heading, item, type TextStyle } from "./style.ts";

/** Lines that do not parse and calls that cannot have happened as logged; nothing when the log is clean. */
export function oddities(trace: TraceSummary, style: TextStyle): string | null {
  const lines = inWords(trace).map((line) => item(line, style));
  const digits = Math.max(...trace.malformedSamples.map(({ line }) => exact(line).length));
  for (const { line, text } of trace.malformedSamples) {
    const sample = `    line ${exact(line).padStart(digits)}: ${printable(text)}`;
    lines.push(cut(sample, style.width));
  }
  if (lines.length === 0) return null;
  return [heading("Oddities of the log", "", style), ...lines].join("\n");
}

/** A line for each kind that occurs; that of malformed lines comes last, and its samples are to follow it. */
export function inWords({
  anomalies,
  lines,
  malformedKinds: { overlong },
}: TraceSummary): string[] {
  const words: string[] = [];
  for (const [times, noun, rest] of Object.values(wordsFor(anomalies))) {
    if (times > 0) words.push(`${plural(times, noun)} ${rest}`);
  }
  const { malformed, total } = lines;
  if (malformed === 0) return words;
  const long = overlong === 0 ? "" : ` (${exact(overlong)} of them overlong)`;
  const some = `${exact(malformed)} of ${plural(total, "line")} could not be parsed`;
  return [...words, `${some}${long}, the first:`];
}

function wordsFor(
  found: Anomalies,
): Readonly<Record<keyof Anomalies, readonly [times: number, noun: string, rest: string]>> {
  const unknown = "of pointers that no call of the log returned";
  return {
    freeUnknown: [found.freeUnknown, "free", unknown],
    doubleFree: [found.doubleFree, "free", "of pointers that were freed before"],
    reusedLive: [
      found.reusedLive,
      "pointer",
      "handed out while still live: the free is missing, or logged later",
    ],
    collidingPointers: [
      found.collidingPointers,
      "pointer",
      "with the low 32 bits of another thread's live block, the rest being cut off: whose a free is was guessed",
    ],
    foreignRealloc: [found.foreignRealloc, "realloc", unknown],
    impossibleSize: [found.impossibleSize, "call", "with sizes that no allocator grants"],
    reordered: [found.reordered, "line", "with a time before that of the line above"],
    swapped: [
      found.swapped,
      "line",
      "that the pointers show to be logged too late: put before the call of another thread",
    ],
    truncatedInputs: [
      found.truncatedInputs,
      "input",
      "ended early: a compressed stream or a last line is cut short",
    ],
  };
}
