import { parFor, type RecordedProcess, SettingRefused } from "../replay/recorded-process.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { RefusedScenario } from "./analysis-result.ts";

/**
 * Returns the what-ifs that the process's glibc refuses.
 * @throws SettingRefused if the user has stated that glibc
 */
export function refusedBy(
  origin: RecordedProcess,
  specs: readonly ScenarioSpec[],
): Map<ScenarioSpec, RefusedScenario> {
  const refused = new Map<ScenarioSpec, RefusedScenario>();
  for (const spec of specs) {
    try {
      parFor(origin, spec);
    } catch (error) {
      if (!(error instanceof SettingRefused) || origin.glibcSource === "given") {
        throw error;
      }
      refused.set(spec, { spec, glibc: spec.glibc ?? origin.glibc, reason: error.message });
    }
  }
  return refused;
}
