import { writeBenchmark } from "./benchmark.ts";
import { writeCsv } from "./csv.ts";
import { foldedOf } from "./folded.ts";
import { writeJson } from "./json.ts";
import { writeJunit } from "./junit.ts";
import { writeMarkdown } from "./markdown.ts";
import { writeNdjson } from "./ndjson.ts";
import { writeOpenMetrics } from "./open-metrics.ts";
import { writeSarif } from "./sarif.ts";
import { writeSpeedscope } from "./speedscope.ts";
import { writeText } from "./text.ts";
import type { Writer } from "./writer.ts";

/**
 * Writers by the ending of the file name. If two endings fit, as for x.bench.json, the longer one counts. Only the page's
 * writer is loaded on demand, because it needs node:crypto; the others are small, and loading a file each would cost
 * more.
 */
const WRITERS: Readonly<Record<string, () => Promise<Writer>>> = {
  ".txt": async () => writeText,
  ".json": async () => writeJson,
  ".ndjson": async () => writeNdjson,
  ".md": async () => writeMarkdown,
  ".html": async () => (await import("./html.ts")).writeHtml,
  ".csv": async () => writeCsv,
  ".xml": async () => writeJunit,
  ".sarif": async () => writeSarif,
  ".prom": async () => writeOpenMetrics,
  ".metrics.txt": async () => writeOpenMetrics,
  ".bench.json": async () => writeBenchmark,
  ".folded": async () => foldedOf("volumeBytes"),
  ".live.folded": async () => foldedOf("liveBytes"),
  ".peak.folded": async () => foldedOf("liveAtPeakBytes"),
  ".pinned.folded": async () => foldedOf("pinnedBytes"),
  ".speedscope.json": async () => writeSpeedscope,
};

export const ENDINGS: readonly string[] = Object.keys(WRITERS);

/** The ending that selects the format; null if none fits. */
export function endingOf(file: string, endings = ENDINGS): string | null {
  const name = file.slice(file.lastIndexOf("/") + 1);
  const fitting = endings.filter((ending) => name.length > ending.length && name.endsWith(ending));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? null;
}

/** Null for an unknown ending. */
export function writerOf(ending: string): Promise<Writer> | null {
  return WRITERS[ending]?.() ?? null;
}
