import { programOf } from "../support/corpus.ts";
import { errorOf, isReal, median, type Prediction, percent } from "./predictions.ts";

/**
 * Errors at exit in percent of the policy that docs/touch.md §3 recommends, by program, with one decimal. No prediction
 * may have a larger error.
 */
export const RECOMMENDED_ERRORS: Readonly<Record<string, number>> = {
  cc1: 8.2,
  "git-log-stat": 1.6,
  "git-pack-objects": 0.6,
  "jvm-boot": -1.1,
  "jvm-javac": 4.2,
  "perl-churn": 0.5,
  "python-json": 0.0,
  "python-json-full-exit": 0.0,
  "redis-bench": 2.5,
  "sqlite3-mem": 0.0,
  "xz-t2": 20.3,
};

/** Signed errors of the recorded run of a real program. */
export interface RecordedErrors {
  readonly case: string;
  readonly exit: number;
  /** null if nothing was measured after a trim */
  readonly trimmed: number | null;
  /** median of the absolute errors at all samples along the run */
  readonly along: number;
  /** the error at exit in docs/touch.md; null for a program that is not there */
  readonly recommended: number | null;
}

export function recordedErrors(predictions: readonly Prediction[]): RecordedErrors[] {
  return predictions
    .filter((one) => isReal(one.case))
    .map(({ case: { name }, report, rows }) => {
      const at = (moment: string): number | null => {
        const row = rows.find((one) => one.setting === "default" && one.moment === moment);
        return row === undefined ? null : errorOf(row);
      };
      const samples = report.measured?.rssSamples ?? [];
      const along = samples.map(({ bytes, modelledBytes }) =>
        bytes === 0 ? 0 : Math.abs(modelledBytes - bytes) / bytes,
      );
      const recommended = RECOMMENDED_ERRORS[programOf(name)];
      return {
        case: name,
        exit: at("exit") ?? missing(name),
        trimmed: at("trimmed"),
        along: median(along),
        recommended: recommended === undefined ? null : recommended / 100,
      };
    });
}

function missing(name: string): never {
  throw new Error(`${name} was not measured at its exit`);
}

/** (i) the recorded run, at exit and after a trim */
export function printRecorded(errors: readonly RecordedErrors[]): void {
  if (errors.length === 0) {
    return;
  }
  console.log(
    "\nReal programs as recorded: error at exit, after malloc_trim(0), median along the run",
  );
  for (const { case: name, exit, trimmed, along, recommended } of errors) {
    const cells = [exit, trimmed, along].map((one) =>
      (one === null ? "–" : percent(one)).padStart(9),
    );
    const row = recommended === null ? "" : `  touch.md ${percent(recommended).padStart(8)}`;
    console.log(`  ${name.padEnd(28)}${cells.join("")}${row}`);
  }
  const size = (of: (one: RecordedErrors) => number | null): string =>
    percent(median(errors.flatMap((one) => of(one) ?? []).map(Math.abs)));
  console.log(
    `  median |error|: ${size((one) => one.exit)} at exit, ${size((one) => one.trimmed)} trimmed, ${size((one) => one.along)} along the run`,
  );
}
