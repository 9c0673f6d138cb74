import type { Writer } from "./writer.ts";

/** Formats by the ending of the file's name; each is loaded only when it is asked for. */
const WRITERS: Readonly<Record<string, () => Promise<Writer>>> = {
  ".txt": async () => (await import("./text.ts")).writeText,
  ".json": async () => (await import("./json.ts")).writeJson,
  ".html": async () => (await import("./html.ts")).writeHtml,
};

export const ENDINGS: readonly string[] = Object.keys(WRITERS);

/** Null for an ending that no format has. */
export function writerOf(ending: string): Promise<Writer> | null {
  return WRITERS[ending]?.() ?? null;
}
