import { exact, plural } from "../report/format.ts";
import type { Anomalies, TraceSummary } from "../report/report.ts";

/** Calls that cannot have happened as logged, an item a kind. */
export function anomalyItems({ anomalies }: TraceSummary): string[] {
  return Object.values(inWords(anomalies)).flatMap(([times, noun, rest]) =>
    times > 0 ? [`${plural(times, noun)} ${rest}`] : [],
  );
}

/** How many lines do not parse; the samples are to follow. Null if all do. */
export function malformedItem({ lines, malformedKinds }: TraceSummary): string | null {
  const { malformed, total } = lines;
  if (malformed === 0) {
    return null;
  }
  const { overlong } = malformedKinds;
  const long = overlong === 0 ? "" : ` (${exact(overlong)} of them overlong)`;
  return `${exact(malformed)} of ${plural(total, "line")} could not be parsed${long}, the first:`;
}

function inWords(
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
