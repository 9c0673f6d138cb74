import { MallocPar } from "../ptmalloc/settings.ts";
import { parFor, type RecordedProcess } from "../replay/recorded-process.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { type LateKind, lateSettings, type Setting } from "./late-kind.ts";
import type { StepFacts } from "./step-facts.ts";

/** Limits of the number of arenas (ptmalloc2.md §6.1), which matter when a thread needs one more. */

/** Variables that limit arenas. As tunables they would lengthen GLIBC_TUNABLES, whose copy moves the break (trap T21). */
const LIMITS: readonly string[] = ["MALLOC_ARENA_MAX", "MALLOC_ARENA_TEST"];

/** A process without settings has at least so many arenas before glibc computes its limit. */
const UNLIMITED_ARENAS = 8;

export function arenaLimitsOf({ settings }: Pick<ScenarioSpec, "settings">): readonly Setting[] {
  return Object.entries(settings).filter(([name]) => LIMITS.includes(name));
}

/**
 * Returns a kind for each low limit of the scenarios, and one for all other limits, which wait for a second thread: one alone is
 * served by the main arena, whatever they are.
 */
export function arenaLimits(
  origin: RecordedProcess,
  specs: readonly ScenarioSpec[],
): readonly LateKind[] {
  const { profile, par } = parFor(origin, null);
  const unset = new MallocPar(profile);
  const isUnlimited = par.arenaMax === unset.arenaMax && par.arenaTest === unset.arenaTest;
  const low = new Set(isUnlimited ? specs.flatMap((spec) => lowLimitOf(spec) ?? []) : []);
  const others = lateSettings(
    (spec) => (low.has(lowLimitOf(spec) ?? 0) ? [] : arenaLimitsOf(spec)),
    (facts) => setsLimits(facts) || [...facts.threads].some((thread) => thread !== 0),
  );
  return [...[...low].map(lowLimit), others];
}

/** The limit of a scenario that has no other one, if it is below all that may hold without it; else null. */
function lowLimitOf(spec: ScenarioSpec): number | null {
  const [[name, value] = [], ...others] = arenaLimitsOf(spec);
  const limit = Number(value);
  const isLow = name === "MALLOC_ARENA_MAX" && limit >= 1 && limit <= UNLIMITED_ARENAS;
  return isLow && others.length === 0 ? limit : null;
}

/** Waits until there are so many arenas, and a thread may need another. */
function lowLimit(limit: number): LateKind {
  return lateSettings(
    (spec) => (lowLimitOf(spec) === limit ? arenaLimitsOf(spec) : []),
    (facts, _, replay) => setsLimits(facts) || mayNeedMoreArenas(limit, facts, replay),
  );
}

/** True if a thread may need another arena in the step when there are `limit`. */
export function mayNeedMoreArenas(limit: number, facts: StepFacts, replay: Replay): boolean {
  return replay.model.arenas.length + neededArenas(facts, replay) > limit;
}

function setsLimits({ mallopt, inferences }: StepFacts): boolean {
  return mallopt || inferences.settings.some(({ name }) => LIMITS.includes(name));
}

/** The main arena may fail such a request, which takes its break far (§6.5). */
const FAILING_BYTES = 2 ** 30;

/**
 * At most so many arenas are made in a step: one for each thread without any, for each that begins anew after an exit, and
 * for each that the main arena may fail.
 */
function neededArenas(
  { threads, inferences: { insertions }, largestRequest }: StepFacts,
  { model }: Replay,
): number {
  if (model.threads.count <= 1 && [...threads].every((thread) => thread === 0)) {
    // One thread is served by the main arena.
    return 0;
  }
  const mainMayFail =
    largestRequest >= FAILING_BYTES ||
    model.calledSbrk ||
    insertions.some(({ kind }) => kind === "sbrk");
  const needing = [...threads].filter((thread) => {
    const arena = model.threads.arenaOf(thread);
    return arena === null || (arena.main && mainMayFail);
  });
  const exits = insertions.filter(({ kind }) => kind === "exit" || kind === "suggestedExit");
  return needing.length + exits.length;
}
