import { exact } from "../wording/format.ts";
import type { Presented } from "../wording/presented.ts";
import { printable } from "../wording/printable.ts";
import { cut } from "../wording/shorten.ts";
import { heading, item, type TextStyle } from "./style.ts";

/** Calls that cannot have happened as logged, and malformed lines; null if there are none. */
export function anomalyList(
  { report: { trace }, anomalies, malformed }: Presented,
  style: TextStyle,
): string | null {
  const lines = anomalies.map((text) => item(text, style));
  if (malformed !== null) {
    lines.push(item(malformed, style));
    const digits = Math.max(...trace.malformedSamples.map(({ line }) => exact(line).length));
    for (const { line, text } of trace.malformedSamples) {
      const sample = `    line ${exact(line).padStart(digits)}: ${printable(text)}`;
      lines.push(cut(sample, style.width));
    }
  }
  if (lines.length === 0) {
    return null;
  }
  return [heading("Anomalies in the log", "", style), ...lines].join("\n");
}
