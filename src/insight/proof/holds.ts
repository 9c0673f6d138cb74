import type { MeasuredRss, MeasuredRun } from "../../report/contract/measurements.ts";

/** A prediction holds if what was measured differs from it by at most this part of RSS under the recorded settings. */
export const TOLERANCE = 0.01;

type Figures = Pick<MeasuredRun, "predicted" | "measured" | "glibc">;

export function errorOf({
  predicted,
  measured,
}: Pick<Figures, "predicted" | "measured">): MeasuredRss | null {
  return (
    predicted && {
      peakBytes: measured.peakBytes - predicted.peakBytes,
      endBytes: measured.endBytes - predicted.endBytes,
    }
  );
}

/**
 * True if a prediction holds: that of RSS itself for the recorded settings, and under another glibc; that of what is saved for
 * other settings. Null: nothing is predicted. `outsideBytes`: in all figures, but not replayed.
 */
export function holds(run: Figures, recorded: Figures, outsideBytes: number): boolean | null {
  const error = errorOf(run);
  if (error === null) {
    return null;
  }
  const isCompared = run !== recorded && run.glibc === recorded.glibc;
  const base = isCompared ? errorOf(recorded) : null;
  return (["peakBytes", "endBytes"] as const).every((moment) => {
    const wrong = Math.abs(error[moment] - (base?.[moment] ?? 0));
    return wrong <= TOLERANCE * (recorded.measured[moment] - outsideBytes);
  });
}
