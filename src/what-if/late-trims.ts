import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { LateKind } from "./late-kind.ts";

const MICROSECONDS = 1e6;

/**
 * Trims at intervals, which change nothing before the first of them. Those of a scenario that changes who shares an arena do not
 * wait: its replays of other orders would have begun by then.
 */
export const LATE_TRIMS: LateKind = {
  of: (spec) => (hasLateTrims(spec) ? [["malloc_trim", String(periodOf(spec))]] : []),
  without: (spec) => (hasLateTrims(spec) ? { ...spec, trim: "never" } : spec),
  mayMatter: ({ startTime, latestTime }, settings) =>
    settings.some(([, seconds]) => latestTime >= startTime + Number(seconds) * MICROSECONDS),
  apply: (replay, { trim }, { startTime }) => {
    if (typeof trim === "object") {
      replay.trimAtIntervals(trim.everySeconds * MICROSECONDS, startTime);
    }
  },
};

function hasLateTrims(spec: ScenarioSpec): boolean {
  const isPlain =
    Object.keys(spec.settings).length === 0 && spec.glibc === null && spec.cpus === null;
  return isPlain && periodOf(spec) !== null;
}

function periodOf({ trim }: ScenarioSpec): number | null {
  return typeof trim === "object" ? trim.everySeconds : null;
}
