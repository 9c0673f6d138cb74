import { exact, plural } from "../format.ts";
import type { Anomalies, TraceSummary } from "../report.ts";
import { printable } from "./printable.ts";
import { cut, type TextStyle } from "./style.ts";

const WORDS: Readonly<Record<keyof Anomalies, readonly [noun: string, rest: string]>> = {
  freeUnknown: ["free", "of pointers that no call of the log returned"],
  doubleFree: ["free", "of pointers that were freed before"],
  reusedLive: ["pointer", "handed out while still live: the free is missing, or logged later"],
  foreignRealloc: ["realloc", "of pointers that no call of the log returned"],
  reordered: ["line", "with a time before that of the line above"],
  truncatedInputs: ["input", "ended early: a compressed stream or a last line is cut short"],
};

/** Lines that do not parse and calls that cannot have happened as logged; nothing when the log is clean. */
export function oddities(trace: TraceSummary, style: TextStyle): string | null {
  const lines: string[] = [];
  for (const key of Object.keys(WORDS) as (keyof Anomalies)[]) {
    const [noun, rest] = WORDS[key];
    if (trace.anomalies[key] > 0) lines.push(`${plural(trace.anomalies[key], noun)} ${rest}`);
  }
  const { malformed, total } = trace.lines;
  if (malformed > 0) {
    lines.push(`${exact(malformed)} of ${plural(total, "line")} could not be parsed, the first:`);
    const digits = Math.max(...trace.malformedSamples.map(({ line }) => exact(line).length));
    for (const { line, text } of trace.malformedSamples) {
      lines.push(`  line ${exact(line).padStart(digits)}: ${printable(text)}`);
    }
  }
  if (lines.length === 0) return null;
  const body = lines.map((line) => cut(`  ${line}`, style.width));
  return [style.chalk.bold("Oddities of the log"), ...body].join("\n");
}
