import type { AnalysisOptions } from "../../src/pipeline/analysis-options.ts";
import type { Inspection } from "../../src/report/contract/inspection.ts";
import { inspectionOutcome } from "../../src/summary/inspection-summary.ts";
import { summarize } from "../../src/summary/summarize.ts";
import type { Moment } from "../../src/trace/moment.ts";
import { resultOf } from "./corpus.ts";
import { expectInspectionJson } from "./report-schema.ts";

export interface InspectedParts {
  readonly arena?: number;
  readonly chunks?: boolean;
  readonly trim?: boolean;
  readonly chunksPerBin?: number;
  readonly eventsPerBatch?: number;
}

/** The heap at a moment of a log in memory. The JSON must fit the published schema. */
export function inspected(
  log: Buffer,
  options: AnalysisOptions,
  moment: Moment,
  parts: InspectedParts = {},
): Inspection {
  const outcome = outcomeOf(log, options, moment, parts);
  if (outcome === null || !("inspection" in outcome)) {
    throw new Error(`not found: ${outcome?.missing}`);
  }
  expectInspectionJson(JSON.stringify(outcome.inspection));
  return outcome.inspection;
}

/** The same, or why there is no such moment. */
export function outcomeOf(
  log: Buffer,
  options: AnalysisOptions,
  moment: Moment,
  parts: InspectedParts = {},
) {
  const inspect = {
    moment,
    asked: moment.kind,
    arena: parts.arena ?? null,
    chunks: parts.chunks ?? false,
    trim: parts.trim ?? false,
    chunksPerBin: parts.chunksPerBin ?? 4,
  };
  const result = resultOf(log, { ...options, inspect }, parts.eventsPerBatch);
  return inspectionOutcome(result, summarize(result, "test"), inspect);
}
