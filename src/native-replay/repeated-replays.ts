import type { Parsed } from "../report/wording/parsed.ts";
import type { Measurement } from "./measurement.ts";
import { type ReplayingProcess, type ReplayOptions, replayNatively } from "./run-replayer.ts";

/** How often threads run side by side: the scheduler makes each run another one. */
export const FREE_RUNS = 5;

/** In the log's order every run is the same. Null: `signal` has aborted. */
export async function replayRepeatedly(
  process: ReplayingProcess,
  options: ReplayOptions,
  signal: AbortSignal,
): Promise<Parsed<readonly Measurement[]> | null> {
  const runs: Measurement[] = [];
  while (runs.length < (options.free ? FREE_RUNS : 1)) {
    const run = await replayNatively(process, options, signal);
    if (run === null || "error" in run) {
      return run;
    }
    runs.push(run.ok);
  }
  return { ok: runs };
}

/** The median of each figure. `runs`: an odd number. */
export function medianOf(runs: readonly Measurement[]): Measurement {
  const median = (figure: (run: Measurement) => number): number =>
    runs.map(figure).sort((a, b) => a - b)[runs.length >> 1]!;
  const hasPurge = runs.every(({ purgedEndBytes }) => purgedEndBytes !== null);
  return {
    peakBytes: median(({ peakBytes }) => peakBytes),
    endBytes: median(({ endBytes }) => endBytes),
    purgedEndBytes: hasPurge ? median(({ purgedEndBytes }) => purgedEndBytes ?? 0) : null,
    failedCalls: median(({ failedCalls }) => failedCalls),
    seconds: median(({ seconds }) => seconds),
  };
}
