import type { Causes } from "../report/contract/report.ts";
import type { KnownReport } from "../report/read-report.ts";
import { type Change, changeOf, larger } from "./change.ts";

/** Resident memory of one cause: the report's `causes` has the definitions. */
export interface CauseChange {
  readonly cause: keyof Causes;
  readonly endBytes: Change;
  /** null: not known of both */
  readonly peakBytes: Change | null;
}

/** Why memory is resident, before and now, largest change at the end first; empty if a report does not say. */
export function causeChanges(
  base: KnownReport,
  head: KnownReport,
  runs: readonly KnownReport[],
  scenario = head.scenarios[0]?.name ?? "",
): CauseChange[] {
  const [before, after] = [base.causes?.[scenario], head.causes?.[scenario]];
  if (before === undefined || after === undefined) {
    return [];
  }
  // Runs that do not say why have no part in the spread.
  const others = runs.flatMap(({ causes }) => causes?.[scenario] ?? []);
  const peaks = others.flatMap(({ peak }) => peak ?? []);
  return CAUSES.map(
    (cause): CauseChange => ({
      cause,
      endBytes: changeOf(
        before.end[cause],
        after.end[cause],
        others.map(({ end }) => end[cause]),
      ),
      peakBytes:
        before.peak === null || after.peak === null
          ? null
          : changeOf(
              before.peak[cause],
              after.peak[cause],
              peaks.map((peak) => peak[cause]),
            ),
    }),
  ).sort((x, y) => larger(x.endBytes, y.endBytes));
}

export const CAUSES: readonly (keyof Causes)[] = [
  "live",
  "mapped",
  "unwritten",
  "overhead",
  "tcache",
  "fastbins",
  "returnable",
  "pinned",
  "tops",
  "idleArenas",
  "unlogged",
];
