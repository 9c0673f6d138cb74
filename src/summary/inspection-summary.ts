import type { InspectOptions } from "../pipeline/analysis-options.ts";
import type { AnalysisResult } from "../pipeline/analysis-result.ts";
import type { InspectedState } from "../pipeline/inspection/inspect.ts";
import {
  INSPECTION_SCHEMA,
  type Inspection,
  type InspectionOutcome,
} from "../report/contract/inspection.ts";
import type { Report } from "../report/contract/report.ts";
import { beyondLog } from "./beyond-log.ts";
import { secondsSinceStart } from "./seconds.ts";

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
