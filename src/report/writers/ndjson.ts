import { escapeSteering } from "./json.ts";
import type { Writer } from "./writer.ts";

/**
 * The report on one line, so that those of a thousand logs make one file, or one query over many. Keys and meaning are
 * those of .json, and its schema holds. Only what is there to be drawn is left empty: it is most of a report's bytes, no
 * query over a fleet asks for it, and the log that the query finds can be read again.
 */
export const writeNdjson: Writer = ({ report }) => {
  const json = JSON.stringify(report, (key, value) => (DRAWN.has(key) ? emptied(value) : value));
  return `${escapeSteering(json)}\n`;
};

/** Series over time and maps of heaps, wherever in the report. */
const DRAWN: ReadonlySet<string> = new Set(["timeline", "liveTimeline", "rssTimeline", "heapMaps"]);

/** The value without its lists' items. */
function emptied(value: unknown): unknown {
  if (Array.isArray(value)) {
    return [];
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, emptied(item)]));
}
