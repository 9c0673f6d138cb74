import { profileOf } from "../ptmalloc/profile.ts";
import { freezesThresholds } from "../ptmalloc/settings.ts";
import { areSiblings, haveSameRule } from "../ptmalloc/siblings.ts";
import { parFor, type RecordedProcess, SettingRefused } from "../replay/recorded-process.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { hasDynamicThresholds } from "./late-settings.ts";

/** False if a trial is of no use in the process, or refused by its glibc. */
export function mayHelp(trial: ScenarioSpec, origin: RecordedProcess): boolean {
  return (
    isTaken(trial, origin) &&
    (!Object.keys(trial.settings).some(freezesThresholds) || hasDynamicThresholds(origin)) &&
    (trial.glibc === null || alignsOtherwise(trial.glibc, origin))
  );
}

function isTaken(trial: ScenarioSpec, origin: RecordedProcess): boolean {
  try {
    parFor(origin, trial);
    return true;
  } catch (error) {
    if (error instanceof SettingRefused) {
      return false;
    }
    throw error;
  }
}

/** True for a newer sibling version, with which the process differs from a memalign on, and hardly before (siblings.ts). */
function alignsOtherwise(glibc: string, { profile }: RecordedProcess): boolean {
  const other = profileOf(glibc);
  return (
    other !== null &&
    areSiblings(other, profile) &&
    !haveSameRule(other, profile, "memalign") &&
    isNewer(glibc, profile.name)
  );
}

function isNewer(a: string, b: string): boolean {
  const [minorA = 0, minorB = 0] = [a, b].map((one) =>
    Number.parseInt(one.split(".")[1] ?? "", 10),
  );
  return minorA > minorB;
}
