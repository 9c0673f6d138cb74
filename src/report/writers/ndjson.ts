import { escapeSteering } from "./json.ts";
import type { Writer } from "./writer.ts";

/**
 * The report on one line, so that those of a thousand logs make one file, or one query over many. Keys and meaning are
 * those of .json, and its schema holds. Only the timeline's series are left empty: they are most of a report's bytes, no
 * query over a fleet asks for them, and the log it finds can be read again.
 */
export const writeNdjson: Writer = (report) => {
  const timeline = { ...report.timeline, time: [], liveBytes: [], perScenario: {} };
  return `${escapeSteering(JSON.stringify({ ...report, timeline }))}\n`;
};
