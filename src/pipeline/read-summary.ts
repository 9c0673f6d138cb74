import type { Diagnostics, ReadFormat } from "../input/diagnostics.ts";
import { isNative, type Layout } from "../input/formats/native/layout.ts";
import { CALL_KINDS } from "../input/unread-calls.ts";
import type { ForeignSummary, LayoutSummary } from "../report/contract/report.ts";
import type { ReadSummary } from "./analysis-result.ts";

/** The pieces of a log as they were read. */
export interface Sources {
  readonly names: readonly string[];
  /** they were given in another order than that of their times */
  readonly areSorted: boolean;
  /** names of logs of forked processes, which are read with their parents' */
  readonly withParents: readonly string[];
}

/**
 * Returns what the reading of the sources found. `complete` is false when reading was interrupted, or goes on
 * (`isInterim`).
 */
export function readSummary(
  diagnostics: Diagnostics,
  { names, areSorted, withParents }: Sources,
  complete: boolean,
  isInterim = false,
): ReadSummary {
  const { lines, samples, malformedKinds, unreadCalls, truncatedInputs, layout } = diagnostics;
  return {
    complete,
    isInterim,
    sources: names,
    areSorted,
    withParents,
    lines,
    malformedSamples: samples,
    malformedKinds,
    unreadCalls: CALL_KINDS.filter((call) => unreadCalls[call].lines > 0).map((call) => ({
      call,
      ...unreadCalls[call],
    })),
    truncatedInputs,
    callerNames: diagnostics.callerNames,
    markLabels: diagnostics.markLabels,
    format: diagnostics.format.name,
    foreign: foreignSummary(diagnostics.format),
    layout: isNative(layout) ? null : layoutSummary(layout),
  };
}

function foreignSummary({ addresses, remarks, tells }: ReadFormat): ForeignSummary | null {
  if (tells === null) {
    return null;
  }
  const { threads, times, callers } = tells;
  return {
    lacks: [
      ...(threads ? [] : (["threads"] as const)),
      ...(times ? [] : (["times"] as const)),
      ...(callers ? [] : (["callers"] as const)),
    ],
    addresses,
    remarks,
  };
}

const TIME_UNITS = { 0: "s", 3: "ms", 6: "µs", 9: "ns" } as const;

function layoutSummary(layout: Layout): LayoutSummary {
  const { columns, after, timeDecimals, pointerBase, processes, hasTail, threads } = layout;
  return {
    columns: columns?.map(({ role }) => role) ?? null,
    after: after.map(({ role }) => role),
    isPattern: layout.pattern !== null,
    wrappers: layout.wrappers,
    shownBy: [...(columns ?? []), ...after].map(({ by }) => by),
    timeUnit: TIME_UNITS[timeDecimals],
    pointerBase,
    processes,
    hasTail,
    threads,
  };
}
