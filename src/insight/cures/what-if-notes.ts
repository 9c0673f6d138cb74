import type { ModelSummary, Report, RssFigures, Scenario } from "../../report/contract/report.ts";
import { isRangeShown } from "../../report/tables/scenario-columns.ts";
import { byteUnit, percent, plural, size, sizeRange } from "../../report/wording/format.ts";
import { printable } from "../../report/wording/printable.ts";
import { isUnreliable } from "../evidence/grade.ts";
import { predictionInterval, UNHOOKED_DEVIATION } from "../evidence/prediction-interval.ts";
import { servesAllCalls } from "./served-calls.ts";

/** Notes below the table of scenarios: failing calls, why ranges are shown, and what is assumed written. */
export function whatIfNotes(report: Report): string[] {
  const { scenarios, model } = report;
  const [recorded] = scenarios;
  if (recorded === undefined || model === null) {
    return [];
  }
  return [
    ...(isUnreliable(report) ? [UNRELIABLE] : []),
    ...(model.baseline === undefined ? [] : [BASELINE]),
    ...failingCalls(recorded, scenarios),
    ...rangeReasons(scenarios, model),
    ...withoutHook(recorded),
    ...touchBounds(recorded.rss, model),
    ...assumedWritten(recorded.rss, model),
  ];
}

const UNRELIABLE =
  "The model did not reproduce this run: its figures are not those of the process.";

const BASELINE =
  "Other settings were replayed without the log's pointers: what they change against the recorded settings, replayed in the same way, is added to the recorded run.";

function failingCalls(recorded: Scenario, scenarios: readonly Scenario[]): string[] {
  return scenarios
    .filter((scenario) => !servesAllCalls(scenario, recorded))
    .map(({ name, failedCalls }) => {
      return `${printable(name)}: ${plural(failedCalls, "call")} would return NULL.`;
    });
}

/** Which unknowns cause the ranges that the table shows. */
function rangeReasons(scenarios: readonly Scenario[], model: ModelSummary): string[] {
  const shown = scenarios.filter(
    ({ rss }) =>
      isRangeShown(rss.endBytes, rss.lowBytes, rss.highBytes) ||
      isRangeShown(rss.peakBytes, rss.peakLowBytes, rss.peakHighBytes),
  );
  const reasons: string[] = [];
  if (shown.some(({ rss }) => rss.spread.touchBytes > 0)) {
    reasons.push(touchReason(model));
  }
  if (shown.some(({ rss }) => rss.contendedRuns > 0)) {
    const replays = Math.max(...shown.map(({ rss }) => rss.contendedRuns));
    reasons.push(
      `where threads share arenas, those of another run may meet in another order (the range is where nine runs in ten are expected, by ${plural(replays, "replay")} in ${replays === 1 ? "another order" : "other orders"})`,
    );
  }
  if (shown.some(({ rss }) => rss.spread.exitsBytes > 0)) {
    reasons.push(
      model.inferred.lastExits > 0
        ? "threads that seem to have ended, because their last calls are free(NULL), may still run"
        : "the log does not show whether threads other than the main one had ended",
    );
  }
  return reasons.length === 0
    ? []
    : [`Ranges: ${reasons.join("; ")}. Changes compare the most likely values.`];
}

/** The threads of a process without a hook meet otherwise, so that it may have other arenas. */
function withoutHook({ arenas, rss }: Scenario): string[] {
  const others = arenas.filter(({ main, threads }) => !main && threads.length > 0);
  if (others.length === 0) {
    return [];
  }
  const [low] = predictionInterval([rss.lowBytes], UNHOOKED_DEVIATION);
  const [, high] = predictionInterval([rss.highBytes], UNHOOKED_DEVIATION);
  const expected = sizeRange(low, high, byteUnit([low, high]));
  return [
    `Without the recording hook, threads may take other arenas: RSS at the end is then ${expected} in nine runs of ten.`,
  ];
}

function touchReason({ touch, lowestRatio = 0 }: ModelSummary): string {
  if (touch === "fitted") {
    return "the measured RSS does not show which blocks the program wrote";
  }
  return lowestRatio === 0
    ? "the program may have written nothing or all of its blocks of 4 KiB or more, most of which are of one size"
    : `the program may have written anything from ${percent(lowestRatio)} to all of its blocks of 4 KiB or more`;
}

/** A smaller part of RSS changes no decision. */
const NOTABLE_RATIO = 0.05;
/** One page. A smaller sum means that the large blocks were not assumed written. */
const NOTABLE_BYTES = 4096;

/** RSS under the two extreme touch policies; none if the log itself records what was written. */
function touchBounds(
  { endBytes, endBytesTouchNone: none, endBytesTouchAll: all }: RssFigures,
  { holes }: ModelSummary,
): string[] {
  const isLogged = holes !== null && holes.minBytes !== null;
  if (isLogged || all - none <= NOTABLE_RATIO * endBytes) {
    return [];
  }
  const unit = byteUnit([none, all]);
  return [
    `RSS of the recorded run at the end is ${size(none, unit)} if the program wrote nothing to its blocks, ${size(all, unit)} if it wrote all of them.`,
  ];
}

function assumedWritten(
  { endBytes }: RssFigures,
  { assumedWritten: { blocks, bytes, mediumBlocks, mediumBytes } }: ModelSummary,
): string[] {
  const note = (count: number, which: string, of: number): string => {
    const part = endBytes === 0 ? "" : `, ${percent(of / endBytes)} of the predicted RSS`;
    const are = count === 1 ? "is" : "are";
    return `${plural(count, "block")} ${which} (${size(of)}${part}) ${are} assumed written.`;
  };
  const notes: string[] = [];
  if (bytes >= NOTABLE_BYTES) {
    notes.push(note(blocks, "≥ 1 MiB", bytes));
  }
  if (mediumBytes > NOTABLE_RATIO * endBytes) {
    notes.push(note(mediumBlocks, "of 32 KiB to 1 MiB", mediumBytes));
  }
  return notes;
}
