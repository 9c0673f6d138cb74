import type { Anomalies, TraceSummary } from "../../report/contract/report.ts";
import { exact, plural } from "../../report/wording/format.ts";

/** One sentence for each kind of call that cannot have happened as logged. */
export function anomalySentences(anomalies: Anomalies): string[] {
  return Object.values(inWords(anomalies)).flatMap(([times, noun, rest]) =>
    times > 0 ? [`${plural(times, noun)} ${rest}`] : [],
  );
}

/** Introduces the samples of malformed lines; null if every line parses. */
export function malformedSentence({ lines, malformedKinds }: TraceSummary): string | null {
  const { malformed, total } = lines;
  if (malformed === 0) {
    return null;
  }
  const { overlong } = malformedKinds;
  const long = overlong === 0 ? "" : ` (${exact(overlong)} of them overlong)`;
  return `${exact(malformed)} of ${plural(total, "line")} could not be parsed${long}, for example:`;
}

function inWords(
  found: Anomalies,
): Readonly<Record<keyof Anomalies, readonly [times: number, noun: string, rest: string]>> {
  const unknown = "of pointers that no logged call returned";
  return {
    freeUnknown: [found.freeUnknown, "free", unknown],
    doubleFree: [found.doubleFree, "free", "of pointers that were already freed"],
    reusedLive: [
      found.reusedLive,
      "pointer",
      "returned while still live: the free is missing or logged later",
    ],
    collidingPointers: [
      found.collidingPointers,
      "pointer",
      "cut to the same 32 bits as another thread's live block: the owner of each free is a guess",
    ],
    foreignRealloc: [found.foreignRealloc, "realloc", unknown],
    impossibleSize: [
      found.impossibleSize,
      "call",
      "with a size or alignment beyond what a process can address, left out",
    ],
    reordered: [found.reordered, "line", "with an earlier time than a line above"],
    swapped: [
      found.swapped,
      "line",
      "logged too late, as pointers show: moved before another thread's call",
    ],
    truncatedInputs: [
      found.truncatedInputs,
      "input",
      "ended early: a compressed stream or a last line is cut short",
    ],
  };
}
