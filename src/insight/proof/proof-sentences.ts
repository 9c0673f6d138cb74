import { byteUnit, percent, plural, size } from "../../report/format.ts";
import type { MeasuredRss, MeasuredRun, Measurements } from "../../report/measurements.ts";
import type { Sentence } from "../../report/presented.ts";
import { isWorthwhile } from "../cures/worthwhile.ts";
import { labelled, plain } from "../sentences.ts";
import { TOLERANCE } from "./holds.ts";

/** What the measurements prove: whether the predictions hold, and whether another allocator is worth a switch. */
export function proofSentences({ runs, model, outsideBytes, complete }: Measurements): Sentence[] {
  const [recorded] = runs;
  if (recorded === undefined) {
    return [plain("Interrupted: nothing has been measured.")];
  }
  return [
    ...(complete ? [] : [plain("Interrupted: not everything has been measured.")]),
    ...holding(runs),
    ...switching(runs),
    ...(model.glibcRange.includes(recorded.glibc)
      ? []
      : [
          plain(
            `The log is of glibc ${model.glibc}; all of this is predicted for, and measured with, glibc ${recorded.glibc}.`,
          ),
        ]),
    ...(outsideBytes === 0
      ? []
      : [
          plain(
            `${size(outsideBytes)} in use from outside the log are not replayed, but counted in all figures.`,
          ),
        ]),
  ];
}

/** Whether what was measured is what was predicted. */
export function holding(runs: readonly MeasuredRun[]): Sentence[] {
  const judged = runs.filter(({ holds }) => holds !== null);
  const wrong = judged.filter(({ holds }) => holds === false);
  if (judged.length === 0) {
    return [];
  }
  if (wrong.length > 0) {
    const names = wrong.map(({ name }) => name).join("; ");
    const text = `${wrong.length} of ${plural(judged.length, "prediction")} ${wrong.length === 1 ? "does" : "do"} not hold: ${names}. The tolerance is ${percent(TOLERANCE)} of RSS as recorded.`;
    return [{ ...labelled("Measured", plain(text)), tone: "bad" }];
  }
  const exact = judged.every(({ error }) => error?.peakBytes === 0 && error.endBytes === 0);
  const each =
    judged.length === 1 ? "the prediction holds" : `all ${judged.length} predictions hold`;
  const how = exact ? "to the page" : `within ${percent(TOLERANCE)} of RSS as recorded`;
  return [
    {
      ...labelled("Measured", plain(`on the real allocator ${each} ${how}.`)),
      tone: "good",
    },
  ];
}

/** Compares each other allocator with glibc under the settings that are best for each moment. */
function switching(runs: readonly MeasuredRun[]): Sentence[] {
  const ofGlibc = runs.filter(
    ({ allocator, failedCalls }) => allocator === "glibc" && failedCalls === 0,
  );
  const [first] = ofGlibc;
  if (first === undefined) {
    return [];
  }
  const bestAt = (moment: Moment): MeasuredRun =>
    ofGlibc.reduce((best, one) => (one.measured[moment] < best.measured[moment] ? one : best));
  const best = { peakBytes: bestAt("peakBytes"), endBytes: bestAt("endBytes") };
  const others = runs.filter(({ allocator }) => allocator !== "glibc");
  return [
    ...others.map((other) => labelled(other.name, plain(comparison(other, best)))),
    ...(others.length === 0 ? [] : [plain(NO_PAUSES)]),
  ];
}

/** Other allocators return memory by the clock, which the replay does not keep. */
const NO_PAUSES =
  "The calls are made without the log's pauses, but other allocators return freed memory only after a time: with pauses, their peaks may be lower.";

type Moment = keyof MeasuredRss;

function comparison(
  { measured: atOnce, purgedEndBytes, failedCalls }: MeasuredRun,
  best: Readonly<Record<Moment, MeasuredRun>>,
): string {
  if (failedCalls > 0) {
    return `${plural(failedCalls, "call")} failed, so that its figures compare with nothing.`;
  }
  const measured = { ...atOnce, endBytes: purgedEndBytes ?? atOnce.endBytes };
  const saved = (moment: Moment): number => best[moment].measured[moment] - measured[moment];
  const isLess = (moment: Moment): boolean =>
    isWorthwhile(saved(moment), best[moment].measured[moment]);
  const isMore = (moment: Moment): boolean => isWorthwhile(-saved(moment), measured[moment]);
  const lowers = MOMENTS.filter(isLess);
  const raises = MOMENTS.filter(isMore);
  const answer =
    lowers.length === 0
      ? raises.length === 0
        ? "no reason to switch"
        : "a switch would cost memory"
      : raises.length === 0
        ? "a switch would save memory"
        : "a switch would save memory at one moment only";
  const against = (moment: Moment): string => {
    const run = best[moment];
    const unit = byteUnit([measured[moment], run.measured[moment]]);
    return `${size(measured[moment], unit)} against ${size(run.measured[moment], unit)} of glibc (${run.name})`;
  };
  const end = purgedEndBytes === null ? "right after the last call" : "after its own purge";
  return `${answer}: at the peak ${against("peakBytes")}, at the end, ${end}, ${against("endBytes")}.`;
}

const MOMENTS: readonly Moment[] = ["peakBytes", "endBytes"];
