import type { Fidelity, Finding, TraceSummary } from "../../report/contract/report.ts";
import { exact, plural } from "../../report/wording/format.ts";
import { TRUSTED_RATIO } from "./grade.ts";

/** Seconds of a day: later times may be those of a log that passes midnight, where sorting by the time of day is wrong. */
const DAY = 86_400;

/**
 * A hook that collects the lines of each thread in a buffer: what to change in it, and how to repair the log. Null if
 * nothing shows such a hook. `refersToPlaces`: comments of the log apply to the lines around them, so no line may move.
 */
export function threadBuffersFinding(
  trace: TraceSummary,
  { ratio }: Fidelity,
  refersToPlaces: boolean,
): Finding | null {
  const { threadBuffers } = trace;
  if (threadBuffers === undefined) {
    return null;
  }
  const { lines, latestBy } = threadBuffers;
  // Lines that are not too late are put where their times say, and the pointers then fit.
  const isRestored = ratio >= TRUSTED_RATIO;
  const sentences = [
    `${found(lines, latestBy)}.`,
    isRestored
      ? "The order of calls could be restored."
      : "The order of calls is lost, so the figures of the model are wrong.",
    "Change the hook: write each line at once with one write(), or under one lock.",
    isRestored ? null : repair(trace, refersToPlaces),
  ];
  return {
    kind: "thread-buffers",
    severity: isRestored ? "info" : "critical",
    message: sentences.filter((sentence) => sentence !== null).join(" "),
    bytes: 0,
    evidence: latestBy === null ? { lines } : { lines, latestBy },
  };
}

/** What the log shows of such a hook, for the list of its anomalies; null if nothing. */
export function threadBuffersSentence({ threadBuffers }: TraceSummary): string | null {
  return threadBuffers === undefined ? null : found(threadBuffers.lines, threadBuffers.latestBy);
}

function found(lines: number, latestBy: number | null): string {
  if (latestBy === null) {
    return `lines of a thread stand in blocks, and pointers show ${plural(lines, "call")} in the wrong place, as if the hook buffers the lines of each thread`;
  }
  return `lines of a thread stand in blocks, ${plural(lines, "line")} up to ${seconds(latestBy)} late: the hook buffers the lines of each thread`;
}

/** Null if the log cannot be sorted by its times. */
function repair(trace: TraceSummary, refersToPlaces: boolean): string | null {
  const { threadBuffers, lastTime, lines, sources } = trace;
  const hasTimes = threadBuffers !== undefined && threadBuffers.latestBy !== null;
  if (!hasTimes || refersToPlaces || (lastTime ?? 0) >= DAY) {
    return null;
  }
  const unpacked = unpack(sources[0] ?? "");
  // V compares numbers, so it orders both seconds and hours of any length; b skips the spaces before the time.
  const sort = "sort -s -k2b,2V";
  if (lines.comments > 0) {
    const file = unpacked === null ? "FILE" : "LOG";
    const first = unpacked === null ? "" : `${unpacked} > LOG; `;
    return `To repair this log: ${first}(grep '^#' ${file}; grep -v '^#' ${file} | ${sort}) | mallog`;
  }
  const command = unpacked === null ? `${sort} FILE` : `${unpacked} | ${sort}`;
  return `To repair this log: ${command} | mallog`;
}

const UNPACKED_BY: ReadonlyMap<string, string> = new Map([
  ["gz", "zcat FILE"],
  ["zst", "zstdcat FILE"],
  ["xz", "xzcat FILE"],
  ["bz2", "bzcat FILE"],
  ["lz4", "lz4cat FILE"],
]);

/** The command that prints the compressed log; null for one that is not, as far as its name shows. */
function unpack(source: string): string | null {
  const ending = /\.(\w+)$/.exec(source)?.[1] ?? "";
  return UNPACKED_BY.get(ending) ?? null;
}

/** Two significant digits, or whole seconds: 0.0026 s, 2.6 s, 13 s. */
function seconds(value: number): string {
  return value < 10 ? `${Number(value.toPrecision(2))} s` : `${exact(Math.round(value))} s`;
}
