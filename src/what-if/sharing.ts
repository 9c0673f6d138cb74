import { tunableOf } from "../ptmalloc/settings.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { Action } from "../trace/actions.ts";
import type { Step } from "./what-ifs.ts";

/** Which scenarios pass through the same states, so that one replay serves them: to the log's end, or for a time. */

/** Variables that limit arenas. As tunables they would lengthen GLIBC_TUNABLES, whose copy moves the break (trap T21). */
const ARENA_LIMITS: readonly string[] = ["MALLOC_ARENA_MAX", "MALLOC_ARENA_TEST"];

/** True for a scenario whose calls have the same effect as those of the recorded run, up to the log's end. */
export function isAsRecorded(spec: ScenarioSpec): boolean {
  return sharingKey(spec) === NOTHING_CHANGED;
}

/** Groups the scenarios that share their replays to the log's end. */
export function bySharing(specs: readonly ScenarioSpec[]): ScenarioSpec[][] {
  return groupedBy(specs, sharingKey);
}

/** Groups the scenarios that share their replays at the log's beginning: one thread is served by the main arena (§6.1). */
export function bySharingOfOneThread(specs: readonly ScenarioSpec[]): ScenarioSpec[][] {
  return groupedBy(specs, (spec) => sharingKey(withoutArenaLimits(spec)));
}

export function withoutArenaLimits(spec: ScenarioSpec): ScenarioSpec {
  const settings = Object.entries(spec.settings).filter(([name]) => !ARENA_LIMITS.includes(name));
  return { ...spec, settings: Object.fromEntries(settings) };
}

/** The settings of a scenario that limit arenas, by name. */
export function arenaLimitsOf({ settings }: ScenarioSpec): [name: string, value: string][] {
  return Object.entries(settings).filter(([name]) => ARENA_LIMITS.includes(name));
}

/** True for a scenario that changes nothing while the log has one thread. */
export function limitsArenasOnly(spec: ScenarioSpec): boolean {
  const { settings, trim, glibc, cpus } = spec;
  const names = Object.keys(settings);
  const isLimit = names.length > 0 && arenaLimitsOf(spec).length === names.length;
  return isLimit && typeof trim === "string" && glibc === null && cpus === null;
}

const LIMITING = ARENA_LIMITS.map(tunableOf);

/** True for a step in which limits on arenas may change something: another thread calls, or the program sets them. */
export function mayChooseArenas({ work: { batch, actions }, inferences }: Step): boolean {
  for (let i = 0; i < batch.length; i++) {
    if (actions.thread[i] !== 0 || actions.action[i] === Action.mallopt) {
      return true;
    }
  }
  return inferences.settings.some(({ name }) => LIMITING.includes(tunableOf(name)));
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
