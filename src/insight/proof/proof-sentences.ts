import { change, percent, plural, size } from "../../report/format.ts";
import type { MeasuredRun, Measurements } from "../../report/measurements.ts";
import type { Sentence } from "../../report/presented.ts";
import { isWorthwhile } from "../cures/worthwhile.ts";
import { labelled, plain } from "../sentences.ts";
import { TOLERANCE } from "./holds.ts";

/** What the measurements prove: whether the predictions hold, and whether another allocator is worth a switch. */
export function proofSentences({ runs, model, outsideBytes }: Measurements): Sentence[] {
  const [recorded] = runs;
  if (recorded === undefined) {
    return [];
  }
  return [
    ...holding(runs),
    ...switching(runs),
    ...(recorded.glibc === model.glibc
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

function holding(runs: readonly MeasuredRun[]): Sentence[] {
  const judged = runs.filter(({ holds }) => holds !== null);
  const wrong = judged.filter(({ holds }) => holds === false);
  if (judged.length === 0) {
    return [];
  }
  if (wrong.length > 0) {
    const names = wrong.map(({ name }) => name).join("; ");
    const text = `${wrong.length} of ${plural(judged.length, "prediction")} ${wrong.length === 1 ? "does" : "do"} not hold: ${names}. The tolerance is ${percent(TOLERANCE)} of RSS as recorded.`;
    return [{ ...labelled("Proof", plain(text)), tone: "bad" }];
  }
  const exact = judged.every(({ error }) => error?.peakBytes === 0 && error.endBytes === 0);
  const each =
    judged.length === 1 ? "the prediction holds" : `all ${judged.length} predictions hold`;
  const how = exact ? "to the page" : `within ${percent(TOLERANCE)} of RSS as recorded`;
  return [
    {
      ...labelled("Proof", plain(`measured on the real allocator, ${each} ${how}.`)),
      tone: "good",
    },
  ];
}

/** Compares each other allocator with glibc under the settings that lower the peak most. */
function switching(runs: readonly MeasuredRun[]): Sentence[] {
  const ofGlibc = runs.filter(
    ({ allocator, failedCalls }) => allocator === "glibc" && failedCalls === 0,
  );
  const [first, ...rest] = ofGlibc;
  if (first === undefined) {
    return [];
  }
  const best = rest.reduce((least, one) => (isLower(one, least) ? one : least), first);
  return runs
    .filter(({ allocator }) => allocator !== "glibc")
    .map((other) => labelled(other.name, plain(comparison(other, best))));
}

function isLower({ measured: a }: MeasuredRun, { measured: b }: MeasuredRun): boolean {
  return a.peakBytes - b.peakBytes < 0 || (a.peakBytes === b.peakBytes && a.endBytes < b.endBytes);
}

function comparison({ measured, failedCalls }: MeasuredRun, best: MeasuredRun): string {
  if (failedCalls > 0) {
    return `${plural(failedCalls, "call")} failed; its figures compare with nothing.`;
  }
  const saved = best.measured.peakBytes - measured.peakBytes;
  const savedAtEnd = best.measured.endBytes - measured.endBytes;
  const isLess =
    isWorthwhile(saved, best.measured.peakBytes) ||
    (saved >= 0 && isWorthwhile(savedAtEnd, best.measured.endBytes));
  const isMore = isWorthwhile(-saved, measured.peakBytes);
  const answer = isLess
    ? "a switch would save memory"
    : isMore
      ? "a switch would cost memory"
      : "no reason to switch";
  const peak = change(best.measured.peakBytes, measured.peakBytes) ?? "0 %";
  const end = change(best.measured.endBytes, measured.endBytes) ?? "0 %";
  return `${answer}: ${peak} at the peak and ${end} at the end, compared with glibc ${best.name === "as recorded" ? "as recorded" : `under ${best.name}`}.`;
}
