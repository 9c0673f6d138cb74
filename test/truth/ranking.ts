import { type Prediction, percent, type Row } from "./predictions.ts";

/** RSS this close to the lowest is as good. */
const TIE = 0.02;

export interface Ranking {
  readonly case: string;
  /** the settings with the lowest RSS or one as good, as predicted and as measured */
  readonly predicted: readonly string[];
  readonly measured: readonly string[];
  /** the default if it is predicted to be as good as the lowest, else the setting predicted to be lowest */
  readonly advised: string;
  /** `predicted` and `measured` have a setting in common */
  readonly isRight: boolean;
  /** `measured` has the advised setting */
  readonly isGoodAdvice: boolean;
}

/** Whether the setting predicted to need least memory did; null for a case with one setting. */
export function rankingOf({ case: { name }, rows }: Prediction, moment: Row["moment"]) {
  const candidates = rows.filter((row) => row.moment === moment);
  if (candidates.length < 2) {
    return null;
  }
  const predicted = lowest(candidates, (row) => row.predicted.rss.endBytes);
  const measured = lowest(candidates, (row) => row.measured.heap_rss);
  const advised = predicted.includes("default") ? "default" : (predicted[0] ?? "default");
  return {
    case: name,
    predicted,
    measured,
    advised,
    isRight: predicted.some((setting) => measured.includes(setting)),
    isGoodAdvice: measured.includes(advised),
  } satisfies Ranking;
}

/** The settings with the lowest value or one as good, the lowest first. */
function lowest(rows: readonly Row[], of: (row: Row) => number): string[] {
  const limit = Math.min(...rows.map(of)) * (1 + TIE);
  return rows
    .filter((row) => of(row) <= limit)
    .sort((a, b) => of(a) - of(b))
    .map(({ setting }) => setting);
}

/** (iv) whether the setting predicted to need least memory does */
export function printRanking(predictions: readonly Prediction[]): void {
  console.log("\nThe settings with the lowest RSS, predicted and measured (ties within 2 %)");
  for (const moment of ["exit", "trimmed"] as const) {
    const rankings = predictions.flatMap((one) => rankingOf(one, moment) ?? []);
    const share = (of: (one: Ranking) => boolean): string =>
      `${rankings.filter(of).length} of ${rankings.length} (${percent(rankings.filter(of).length / rankings.length)})`;
    console.log(
      `  ${moment}: right in ${share((one) => one.isRight)}; the advice is right in ${share((one) => one.isGoodAdvice)}`,
    );
    for (const one of rankings.filter(({ isRight, isGoodAdvice }) => !isRight || !isGoodAdvice)) {
      const wrong = one.isRight ? "advice" : "ranking";
      console.log(
        `    ${wrong}: ${one.case}: ${one.predicted.join(" = ")} predicted, ${one.measured.join(" = ")} measured`,
      );
    }
  }
}
