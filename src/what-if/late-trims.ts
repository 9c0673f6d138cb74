import type { LateKind } from "./late-kind.ts";

const MICROSECONDS = 1e6;

/** Returns the kind of trims at intervals, which change nothing before the first of them. */
export const LATE_TRIMS: LateKind = {
  of: ({ trim }) => (typeof trim === "object" ? [["malloc_trim", String(trim.everySeconds)]] : []),
  without: (spec) => (typeof spec.trim === "object" ? { ...spec, trim: "never" } : spec),
  mayMatter: ({ startTime, latestTime }, settings) =>
    settings.some(([, seconds]) => latestTime >= startTime + Number(seconds) * MICROSECONDS),
  apply: (replay, { trim }, { startTime }) => {
    if (typeof trim === "object") {
      replay.trimAtIntervals(trim.everySeconds * MICROSECONDS, startTime);
    }
  },
};
