import type { Report } from "../report/contract/report.ts";
import { count, duration, plural } from "../report/wording/format.ts";
import type { MomentSearch } from "../trace/moment.ts";

/** Labels listed where one is not found. */
const MOST_LABELS = 8;

/** Why a log does not have a moment, in a clause; null if the moment is within the log. */
export function beyondLog(
  { moment, found }: MomentSearch,
  { trace }: Report,
  labels: ReadonlyMap<number, string>,
  { least, greatest }: { readonly least: number; readonly greatest: number },
): string | null {
  switch (moment.kind) {
    case "end":
    case "peak":
      return null;
    case "line":
      if (moment.line > trace.lines.total) {
        return `the log has ${plural(trace.lines.total, "line")}`;
      }
      return found === null ? "no call stands in this line of the log, or above it" : null;
    case "mark":
      return found === null ? unknownMark(moment.label, [...labels.values()]) : null;
    case "time":
    case "clock": {
      if (Number.isNaN(least)) {
        return "the log has no times; give a line";
      }
      const time = moment.kind === "time" ? least + moment.seconds * 1e6 : moment.time;
      if (time <= greatest && found !== null) {
        return null;
      }
      return moment.kind === "time"
        ? `the log spans ${duration((greatest - least) / 1e6)}`
        : `the log's clock runs from ${clockText(least)} to ${clockText(greatest)}`;
    }
  }
}

function unknownMark(label: string, labels: readonly string[]): string {
  if (labels.length === 0) {
    return "the log has no marks";
  }
  const shown = labels.slice(0, MOST_LABELS).join(", ");
  const more =
    labels.length > MOST_LABELS ? `, and ${count(labels.length - MOST_LABELS)} more` : "";
  return `the log has no mark ${label}; it has ${shown}${more}`;
}

/** As a log prints it: 00:01:30.500000 */
function clockText(time: number): string {
  const micros = Math.round(time);
  const seconds = Math.floor(micros / 1e6);
  const two = (value: number): string => String(value).padStart(2, "0");
  const whole = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two);
  return `${whole.join(":")}.${String(micros % 1e6).padStart(6, "0")}`;
}
