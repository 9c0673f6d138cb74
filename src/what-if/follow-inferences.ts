import { type Profile, profileOf } from "../ptmalloc/profile.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { applySetting, freezesThresholds, tunableOf } from "../ptmalloc/settings.ts";
import type { Inferences } from "../replay/inferences.ts";
import { adoptSetting, MMAP_THRESHOLD, retractThreshold } from "../replay/inferred-settings.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";

/**
 * Makes what was inferred for the recorded process up to a batch hold in a replay of the scenario, too, unless the
 * scenario itself sets it. To be called before the batch; more than once changes nothing.
 */
export function followInferences(
  replay: Replay,
  spec: ScenarioSpec,
  { glibc, breakStart, cpus, settings, retractsThreshold, unloggedBytes }: Inferences,
): void {
  const { model } = replay;
  if (glibc !== null && spec.glibc === null) {
    model.adopt(versionOf(glibc));
  }
  model.breakHeap.start = breakStart;
  if (cpus !== null && spec.cpus === null) {
    model.cpus = cpus;
  }
  for (const { name, value } of settings) {
    if (!sets(spec, name)) {
      adoptSetting(model, name, value);
    }
  }
  if (retractsThreshold && !sets(spec, MMAP_THRESHOLD)) {
    retractThreshold(model);
    applyThresholds(model, spec);
  }
  // What lies outside the log is held whatever the settings.
  replay.holdOutside(unloggedBytes);
}

function sets(spec: ScenarioSpec, name: string): boolean {
  return Object.keys(spec.settings).map(tunableOf).includes(tunableOf(name));
}

/** Applies those of the scenario's own settings that keep the thresholds from moving. */
function applyThresholds({ par, profile }: Ptmalloc, { settings }: ScenarioSpec): void {
  for (const [name, value] of Object.entries(settings)) {
    if (freezesThresholds(name)) {
      applySetting(par, profile, name, value);
    }
  }
}

function versionOf(glibc: string): Profile {
  const profile = profileOf(glibc);
  if (profile === null) {
    throw new RangeError(`glibc ${glibc} is not modelled`);
  }
  return profile;
}
