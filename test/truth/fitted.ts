import { errorOf, median, type Prediction, percent, type Row } from "./predictions.ts";

/** Rows of settings other than the one whose RSS at exit the ratio was fitted to. */
export function otherSettings({ rows }: Prediction, moment: Row["moment"]): Row[] {
  return rows.filter((row) => row.setting !== "default" && row.moment === moment);
}

/** (ii) fitted to the RSS of the default run at exit: errors of other settings */
export function printFitted(fitted: readonly Prediction[]): void {
  if (fitted.length === 0) {
    return;
  }
  console.log(
    "\nFitted to the default run's RSS at exit: ratio, remaining error, errors of other settings at exit",
  );
  for (const one of fitted) {
    const { fit } = one.report.model ?? {};
    const ratio =
      fit?.ratio === null || fit === undefined || fit === null ? "any" : fit.ratio.toFixed(3);
    const remaining = percent(fit?.error.max ?? 0);
    const others = otherSettings(one, "exit").map(
      (row) => `${row.setting} ${percent(errorOf(row))}`,
    );
    console.log(
      `  ${one.case.name.padEnd(28)} ${ratio.padEnd(6)} ${remaining.padStart(8)}  ${others.join(", ")}`,
    );
  }
  for (const moment of ["exit", "trimmed"] as const) {
    const errors = fitted
      .flatMap((one) => otherSettings(one, moment))
      .map((row) => ({ row, size: Math.abs(errorOf(row)) }))
      .sort((a, b) => b.size - a.size);
    const [worst] = errors;
    if (worst === undefined) {
      continue;
    }
    const middle = percent(median(errors.map(({ size }) => size)));
    console.log(
      `  other settings, ${moment}: median ${middle}, worst ${percent(worst.size)} (${worst.row.case}: ${worst.row.setting}) of ${errors.length}`,
    );
  }
}
