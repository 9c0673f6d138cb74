import { DEFAULT_MMAP_THRESHOLD, DEFAULT_TRIM_THRESHOLD } from "../ptmalloc/settings.ts";
import { parFor, type RecordedProcess } from "../replay/recorded-process.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { arenaLimits } from "./late-arena-limits.ts";
import { type LateKind, lateSettings, type Setting } from "./late-kind.ts";
import { LATE_TRIMS } from "./late-trims.ts";
import { lateVersion } from "./late-version.ts";
import { setsThresholds } from "./step-facts.ts";

/** Returns the kinds of settings that change nothing in a process until a certain call, as far as the scenarios have them. */
export function lateKinds(
  origin: RecordedProcess,
  specs: readonly ScenarioSpec[],
): readonly LateKind[] {
  const { pageBytes } = origin;
  const thresholds = hasDynamicThresholds(origin)
    ? [mmapThreshold(pageBytes), trimThreshold(pageBytes)]
    : [];
  return [...arenaLimits(origin, specs), ...thresholds, LATE_TRIMS, lateVersion(origin)];
}

/** True if a free may raise the thresholds of the process (§4.6), as far as its settings are known. */
export function hasDynamicThresholds(origin: RecordedProcess): boolean {
  return !parFor(origin, null).par.noDynThreshold;
}

/**
 * A lower mmap threshold than the default waits for a request that it may map (§3.7). `pageBytes`: a page of the kernel, to
 * which pvalloc rounds up.
 */
function mmapThreshold(pageBytes: number): LateKind {
  return lateSettings(
    (spec) =>
      onlySetting(spec, "MALLOC_MMAP_THRESHOLD_", (value) => value <= DEFAULT_MMAP_THRESHOLD),
    (facts, settings) => {
      const least = Math.min(...settings.map(([, value]) => Number(value)));
      return setsThresholds(facts) || facts.largestRequest >= least - 2 * pageBytes;
    },
  );
}

/** The default trim threshold, which only keeps both as they are, waits for the free of a mapped chunk (§4.6). */
function trimThreshold(pageBytes: number): LateKind {
  return lateSettings(
    (spec) =>
      onlySetting(spec, "MALLOC_TRIM_THRESHOLD_", (value) => value === DEFAULT_TRIM_THRESHOLD),
    (facts) =>
      setsThresholds(facts) || facts.largestFreed >= DEFAULT_MMAP_THRESHOLD - 2 * pageBytes,
  );
}

/** The setting of a scenario that changes nothing else; none if its value is another. */
function onlySetting(
  { settings, glibc, cpus, trim }: ScenarioSpec,
  name: string,
  hasEffectLate: (value: number) => boolean,
): Setting[] {
  const all = Object.entries(settings);
  const isOnly = all.length === 1 && glibc === null && cpus === null && typeof trim === "string";
  return isOnly ? all.filter(([one, value]) => one === name && hasEffectLate(Number(value))) : [];
}
