import type { MeasuredRss, MeasuredRun, Measurements } from "../../report/contract/measurements.ts";
import { byteUnit, percent, plural, size } from "../../report/wording/format.ts";
import type { Sentence } from "../../report/wording/presented.ts";
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
    ...ranging(runs),
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
    const which =
      judged.length === 1
        ? "the prediction does not hold"
        : `${wrong.length} of ${judged.length} predictions ${wrong.length === 1 ? "does" : "do"} not hold`;
    const text = `on the real allocator ${which}: ${names}. The tolerance is ${percent(TOLERANCE)} of RSS as recorded.`;
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

/** How far free runs differ from each other, and from the predictions for the log's order. */
function ranging(runs: readonly MeasuredRun[]): Sentence[] {
  const { freeRuns } = runs[0]!;
  if (freeRuns === null) {
    return [];
  }
  const most = (figure: (run: MeasuredRun, moment: Moment) => number): number =>
    Math.max(...runs.flatMap((run) => MOMENTS.map((moment) => figure(run, moment))));
  const spread = most(({ freeRuns, measured }, moment) => {
    const all = freeRuns?.map((run) => run[moment]) ?? [];
    return partOf(Math.max(...all) - Math.min(...all), measured[moment]);
  });
  const off = most(({ measured, predicted }, moment) =>
    predicted === null
      ? 0
      : partOf(Math.abs(measured[moment] - predicted[moment]), predicted[moment]),
  );
  const between =
    spread === 0
      ? "RSS is the same in all of them"
      : `between runs RSS differs by at most ${percent(spread)}`;
  const from =
    off === 0
      ? "what is predicted for the log's order"
      : `within ${percent(off)} of what is predicted for the log's order`;
  const text = `the threads ran freely, ${freeRuns.length} times, so that their calls may be in another order each time: ${between}; the medians are ${from}.`;
  return [labelled("Measured", plain(text))];
}

/** All, if there is nothing that it could be a part of. */
function partOf(bytes: number, whole: number): number {
  return bytes === 0 ? 0 : bytes / (whole || bytes);
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
  "The log's pauses are left out, in which other allocators return freed memory. The lower of two peaks was measured with all of it returned at once: with pauses, the peak is between them as a rule.";

type Moment = keyof MeasuredRss;

/** What another allocator needs at each moment, in bytes: at the peak depending on how soon it returns memory. */
type Needs = Readonly<Record<Moment, { readonly least: number; readonly most: number }>>;

function comparison(
  { measured, purged, failedCalls }: MeasuredRun,
  best: Readonly<Record<Moment, MeasuredRun>>,
): string {
  if (failedCalls > 0) {
    return `${plural(failedCalls, "call")} failed, so that its figures compare with nothing.`;
  }
  const peaks = [measured.peakBytes, (purged ?? measured).peakBytes];
  const end = (purged ?? measured).endBytes;
  const needs: Needs = {
    peakBytes: { least: Math.min(...peaks), most: Math.max(...peaks) },
    endBytes: { least: end, most: end },
  };
  const ofGlibc = (moment: Moment): number => best[moment].measured[moment];
  const lowers = MOMENTS.some((moment) =>
    isWorthwhile(ofGlibc(moment) - needs[moment].most, ofGlibc(moment)),
  );
  const raises = MOMENTS.some((moment) =>
    isWorthwhile(needs[moment].least - ofGlibc(moment), needs[moment].least),
  );
  const answer = lowers
    ? raises
      ? "a switch would save memory at one moment only"
      : "a switch would save memory"
    : raises
      ? "a switch would cost memory"
      : "no reason to switch";
  const against = (moment: Moment): string => {
    const { least, most } = needs[moment];
    const unit = byteUnit([least, ofGlibc(moment)]);
    const range = [least, most].map((bytes) => size(bytes, unit));
    return `${[...new Set(range)].join(" to ")} against ${size(ofGlibc(moment), unit)} of glibc (${best[moment].name})`;
  };
  const when = purged === null ? "right after the last call" : "with freed memory returned";
  return `${answer}: at the peak ${against("peakBytes")}, at the end, ${when}, ${against("endBytes")}.`;
}

const MOMENTS: readonly Moment[] = ["peakBytes", "endBytes"];
