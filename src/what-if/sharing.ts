import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { arenaLimitsOf } from "./late-arena-limits.ts";
import type { LateKind } from "./late-kind.ts";

/** Which scenarios pass through the same states, so that one replay serves them: to the log's end, or for a time. */

/** True for a scenario whose calls have the same effect as those of the recorded run, up to the log's end. */
export function isAsRecorded(spec: ScenarioSpec): boolean {
  return sharingKey(spec) === NOTHING_CHANGED;
}

/** Groups the scenarios that share their replays to the log's end. */
export function bySharing(specs: readonly ScenarioSpec[]): ScenarioSpec[][] {
  return groupedBy(specs, sharingKey);
}

/** Groups the scenarios that share their replays at the log's beginning, as settings of these kinds take effect later. */
export function bySharingAtFirst(
  specs: readonly ScenarioSpec[],
  kinds: readonly LateKind[],
): ScenarioSpec[][] {
  return groupedBy(specs, (spec) => sharingKey(atFirst(spec, kinds)));
}

/** Groups scenarios by their settings of one kind. */
export function bySettingsOf(kind: LateKind, specs: readonly ScenarioSpec[]): ScenarioSpec[][] {
  return groupedBy(specs, (spec) => JSON.stringify(kind.of(spec)));
}

/**
 * Returns the scenario without the settings that take effect later. What is left of it is of no further kind, even if a
 * scenario that has only that would be: no kind would make it take effect.
 */
export function atFirst(spec: ScenarioSpec, kinds: readonly LateKind[]): ScenarioSpec {
  const own = kinds.filter((kind) => kind.of(spec).length > 0);
  return own.reduce((rest, kind) => kind.without(rest), spec);
}

/** True for a scenario that changes nothing while the log has one thread. */
export function limitsArenasOnly(spec: ScenarioSpec): boolean {
  const { settings, trim, glibc, cpus } = spec;
  const names = Object.keys(settings);
  const isLimit = names.length > 0 && arenaLimitsOf(spec).length === names.length;
  return isLimit && typeof trim === "string" && glibc === null && cpus === null;
}

function groupedBy(
  specs: readonly ScenarioSpec[],
  keyOf: (spec: ScenarioSpec) => string,
): ScenarioSpec[][] {
  const groups = new Map<string, ScenarioSpec[]>();
  for (const spec of specs) {
    const key = keyOf(spec);
    groups.set(key, [...(groups.get(key) ?? []), spec]);
  }
  return [...groups.values()];
}

/** Scenarios with the same key pass through the same states until the log's end. */
function sharingKey({ settings, glibc, cpus, trim }: Omit<ScenarioSpec, "name">): string {
  return JSON.stringify([settings, glibc, cpus, typeof trim === "object" ? trim : null]);
}

const NOTHING_CHANGED = sharingKey({ settings: {}, glibc: null, cpus: null, trim: "never" });
