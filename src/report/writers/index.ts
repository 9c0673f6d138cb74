import type { Writer } from "./writer.ts";

/**
 * Formats by the ending of the file's name; each is loaded only when it is asked for. Where two endings fit, as with
 * x.bench.json, the longer one counts.
 */
const WRITERS: Readonly<Record<string, () => Promise<Writer>>> = {
  ".txt": async () => (await import("./text.ts")).writeText,
  ".json": async () => (await import("./json.ts")).writeJson,
  ".ndjson": async () => (await import("./ndjson.ts")).writeNdjson,
  ".md": async () => (await import("./markdown.ts")).writeMarkdown,
  ".html": async () => (await import("./html.ts")).writeHtml,
  ".csv": async () => (await import("./csv.ts")).writeCsv,
  ".xml": async () => (await import("./junit.ts")).writeJunit,
  ".sarif": async () => (await import("./sarif.ts")).writeSarif,
  ".prom": async () => (await import("./open-metrics.ts")).writeOpenMetrics,
  ".metrics.txt": async () => (await import("./open-metrics.ts")).writeOpenMetrics,
  ".bench.json": async () => (await import("./benchmark.ts")).writeBenchmark,
};

export const ENDINGS: readonly string[] = Object.keys(WRITERS);

/** The ending that chooses the format, of those that have one; null where none does. */
export function endingOf(file: string, endings = ENDINGS): string | null {
  const name = file.slice(file.lastIndexOf("/") + 1);
  const fitting = endings.filter((ending) => name.length > ending.length && name.endsWith(ending));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? null;
}

/** For standard output only: there is no ending that people would give such a file. */
export async function plainWriter(): Promise<Writer> {
  return (await import("./plain.ts")).writePlain;
}

/** Null for an ending that no format has. */
export function writerOf(ending: string): Promise<Writer> | null {
  return WRITERS[ending]?.() ?? null;
}
