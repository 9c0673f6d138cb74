import { byteUnit, percent, plural, size } from "../report/format.ts";
import type { Report, Scenario } from "../report/report.ts";
import { isRangeShown } from "../report/tables/scenario-columns.ts";
import { servesAllCalls } from "./served-calls.ts";

/** What the table cannot say: calls that fail, where ranges come from, what is taken as written. */
export function whatIfNotes(report: Report): string[] {
  return [...failing(report.scenarios), ...uncertain(report), ...assumed(report)];
}

/** Scenarios that could not serve the calls of the log, and how many. */
function failing([recorded, ...whatIfs]: readonly Scenario[]): string[] {
  return whatIfs
    .filter((scenario) => recorded !== undefined && !servesAllCalls(scenario, recorded))
    .map(({ name, failedCalls }) => `${name}: ${plural(failedCalls, "call")} would get NULL.`);
}

/** Where the ranges come from that the table shows. */
function uncertain({ scenarios, model }: Report): string[] {
  const shown = scenarios.filter(
    ({ rss }) =>
      isRangeShown(rss.endBytes, rss.lowBytes, rss.highBytes) ||
      isRangeShown(rss.peakBytes, rss.peakLowBytes, rss.peakHighBytes),
  );
  if (shown.length === 0 || model === null) {
    return [];
  }
  const reasons: string[] = [];
  if (shown.some(({ rss }) => rss.spread.touchBytes > 0)) {
    reasons.push(
      model.fit?.outside
        ? "writes to blocks above 32 KiB cannot meet what was measured, and those to a part of all pages come nearer"
        : model.touch === "fitted"
          ? "what was measured can be met by writes to a part of each block above 32 KiB, or to a part of all pages"
          : "of its blocks above 32 KiB the program may have written all, or as little as a quarter",
    );
  }
  if (shown.some(({ rss }) => rss.contendedRuns > 0)) {
    const replays = Math.max(...shown.map(({ rss }) => rss.contendedRuns));
    reasons.push(
      `which arena a thread gets where it has to share one depends on the locks held at that moment (${plural(replays, "further replay")})`,
    );
  }
  if (shown.some(({ rss }) => rss.spread.exitsBytes > 0)) {
    reasons.push(
      model.inferred.lastExits > 0
        ? "of the threads that seem to have ended, by their last calls being free(NULL), some may live on"
        : "the log does not show whether threads other than the main one had ended",
    );
  }
  if (reasons.length === 0) {
    return [];
  }
  return [`Ranges: ${reasons.join("; ")}. Changes are between the likeliest values.`];
}

/** A spread that is smaller than this changes no decision. */
const NOTABLE_SPREAD = 0.05;
/** One page; large blocks of which less counts as written were not assumed to be. */
const NOTABLE_BYTES = 4096;

/** What the sizes would be under the two extreme touch policies, and how much of large blocks is taken as written. */
function assumed({ scenarios, model }: Report): string[] {
  const recorded = scenarios[0];
  if (recorded === undefined || model === null) {
    return [];
  }
  const { endBytes, endBytesTouchNone: none, endBytesTouchAll: all } = recorded.rss;
  const notes: string[] = [];
  // Where the log tells what was written, the bounds are no range to reckon with.
  const isTold = model.holes !== null && model.holes.minBytes !== null;
  if (!isTold && all - none > NOTABLE_SPREAD * endBytes) {
    const unit = byteUnit([none, all]);
    notes.push(
      `RSS at the end as recorded lies between ${size(none, unit)} (if the program wrote nothing of its blocks) and ${size(all, unit)} (if it wrote all).`,
    );
  }
  const { blocks, bytes, mediumBlocks, mediumBytes } = model.assumedWritten;
  const written = (count: number, which: string, of: number): string => {
    const part = endBytes === 0 ? "" : `, ${percent(of / endBytes)} of the predicted RSS,`;
    const are = count === 1 ? "is" : "are";
    return `${plural(count, "block")} ${which}, ${size(of)}${part} ${are} assumed written.`;
  };
  if (bytes >= NOTABLE_BYTES) {
    notes.push(written(blocks, "≥ 1 MiB", bytes));
  }
  if (mediumBytes > NOTABLE_SPREAD * endBytes) {
    notes.push(written(mediumBlocks, "of 32 KiB to 1 MiB", mediumBytes));
  }
  return notes;
}
