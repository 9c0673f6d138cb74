import { errorOf, isReal, median, type Prediction, percent, programOf } from "./predictions.ts";

/**
 * Errors at exit in percent that `docs/touch.md` §3 gives for the policy it recommends, by program and with one
 * decimal: no prediction may be farther off.
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

/** The run as recorded of a real program: signed errors. */
export interface RecordedErrors {
  readonly case: string;
  readonly exit: number;
  readonly trimmed: number;
  /** median of the sizes of the errors at all samples along the run */
  readonly along: number;
  /** that of touch.md at exit; null for a program it has not */
  readonly recommended: number | null;
}

export function recordedErrors(predictions: readonly Prediction[]): RecordedErrors[] {
  return predictions
    .filter((one) => isReal(one.case))
    .map(({ case: { name }, report, rows }) => {
      const at = (moment: string): number => {
        const row = rows.find((one) => one.setting === "default" && one.moment === moment);
        return row === undefined ? Number.NaN : errorOf(row);
      };
      const samples = report.measured?.rssSamples ?? [];
      const along = samples.map(({ bytes, modelledBytes }) =>
        bytes === 0 ? 0 : Math.abs(modelledBytes - bytes) / bytes,
      );
      const recommended = RECOMMENDED_ERRORS[programOf(name)];
      return {
        case: name,
        exit: at("exit"),
        trimmed: at("trimmed"),
        along: median(along),
        recommended: recommended === undefined ? null : recommended / 100,
      };
    });
}

/** (i) as recorded, and after a trim of the same run */
export function printRecorded(errors: readonly RecordedErrors[]): void {
  if (errors.length === 0) {
    return;
  }
  console.log(
    "\nReal programs as recorded: error at exit, after malloc_trim(0), median along the run",
  );
  for (const { case: name, exit, trimmed, along, recommended } of errors) {
    const cells = [exit, trimmed, along].map((one) => percent(one).padStart(9));
    const row = recommended === null ? "" : `  touch.md ${percent(recommended).padStart(8)}`;
    console.log(`  ${name.padEnd(28)}${cells.join("")}${row}`);
  }
  const size = (of: (one: RecordedErrors) => number): string =>
    percent(median(errors.map((one) => Math.abs(of(one)))));
  console.log(
    `  median |error|: ${size((one) => one.exit)} at exit, ${size((one) => one.trimmed)} trimmed, ${size((one) => one.along)} along the run`,
  );
}
