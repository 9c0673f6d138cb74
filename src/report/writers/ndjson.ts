import { escapeSteering } from "./json.ts";
import type { Writer } from "./writer.ts";

/**
 * The report on one line, so that one file or one query covers the reports of many logs. Same keys and schema as .json,
 * but series, heap maps and bins are empty: they are most of a report's bytes, and queries over a fleet do not use them.
 */
export const writeNdjson: Writer = ({ report }) => {
  const json = JSON.stringify(report, (key, value) => (DRAWN.has(key) ? emptied(value) : value));
  return `${escapeSteering(json)}\n`;
};

/** Keys of series over time, of heap maps, of bins and of what a flame graph shows, anywhere in the report. */
const DRAWN: ReadonlySet<string> = new Set([
  "timeline",
  "liveTimeline",
  "rssTimeline",
  "bins",
  "heapMaps",
  "sites",
]);

/** The value with all lists emptied. */
function emptied(value: unknown): unknown {
  if (Array.isArray(value)) {
    return [];
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, emptied(item)]));
}
