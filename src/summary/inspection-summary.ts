import type { InspectOptions } from "../pipeline/analysis-options.ts";
import type { AnalysisResult } from "../pipeline/analysis-result.ts";
import type { InspectedState } from "../pipeline/inspection/inspect.ts";
import { count, duration, plural } from "../report/format.ts";
import {
  INSPECTION_SCHEMA,
  type Inspection,
  type InspectionOutcome,
} from "../report/inspection.ts";
import type { Report } from "../report/report.ts";
import type { MomentSearch } from "../trace/moment.ts";
import { secondsSinceStart } from "./seconds.ts";

/** Labels listed where one is not found. */
const MOST_LABELS = 8;

/** Returns what was found of the moment that was asked for; `report` is that of the same analysis. */
export function inspectionOutcome(
  { ledger, model, read }: AnalysisResult,
  report: Report,
  options: InspectOptions,
): InspectionOutcome | null {
  if (model?.inspection == null || report.model === null) {
    return null;
  }
  const { search, state } = model.inspection;
  const beyond = beyondLog(search, report, read.markLabels, ledger.clock);
  if (beyond !== null) {
    return { missing: beyond };
  }
  if (state === null) {
    return {
      missing: `the model cannot return to ${options.asked}: the log contradicts itself there`,
    };
  }
  const { arena } = options;
  if (arena !== null && state.heap.arenas.length === 0) {
    const last = state.heap.arenaCount - 1;
    const has = last === 0 ? "only arena 0" : `arenas 0 to ${last}`;
    return {
      missing: `the process has ${has} at ${options.asked}`,
      option: { name: "--arena", value: String(arena) },
    };
  }
  const { moment } = search;
  const inspection: Inspection = {
    schema: INSPECTION_SCHEMA,
    tool: report.tool,
    complete: report.complete,
    moment: {
      asked: options.asked,
      events: state.events,
      line: state.line,
      time: secondsSinceStart(ledger, state.time),
      marks:
        moment.kind === "mark"
          ? { label: moment.label, count: search.marks, lines: search.lines }
          : null,
    },
    model: {
      glibc: report.model.glibc,
      settings: report.model.settings,
      fidelity: report.model.fidelity,
    },
    grade: report.grade,
    heap: named(state, report),
  };
  return { inspection };
}

function named({ heap }: InspectedState, { threads }: Report): InspectedState["heap"] {
  const names = new Map(threads.map(({ tid, name }) => [tid, name]));
  return {
    ...heap,
    threads: heap.threads.map((one) => ({ ...one, name: names.get(one.tid) ?? null })),
  };
}

/** One clause; null if the moment is within the log. */
function beyondLog(
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
