import { type Profile, profileOf } from "../ptmalloc/profile.ts";
import { DEFAULT_MMAP_THRESHOLD } from "../ptmalloc/settings.ts";
import { areSiblings } from "../ptmalloc/siblings.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { LateKind, Setting } from "./late-kind.ts";
import { type StepFacts, setsThresholds } from "./step-facts.ts";

/**
 * Returns the kind of sibling versions (siblings.ts), which wait for a memalign, or for a realloc that one of them may treat
 * differently: of a mapped block, by a thread that has no tcache yet, or, where one of them keeps larger blocks, any.
 */
export function lateVersion(origin: RecordedProcess): LateKind {
  const isLate = ({ glibc, settings }: ScenarioSpec): boolean => {
    const profile = glibc === null ? null : profileOf(glibc);
    // Versions differ in the tunables that they take.
    const isPlain = [origin.settings, settings].every((one) => Object.keys(one).length === 0);
    return profile !== null && isPlain && areSiblings(profile, origin.profile);
  };
  return {
    of: (spec) => (isLate(spec) ? [["glibc", spec.glibc!]] : []),
    without: (spec) => (isLate(spec) ? { ...spec, glibc: null } : spec),
    mayMatter: (facts, settings, replay) =>
      facts.aligns ||
      setsThresholds(facts) ||
      facts.inferences.glibc !== null ||
      mayReallocOtherwise(facts, settings, replay),
    apply: ({ model }, { glibc }) => {
      const profile = glibc === null ? null : profileOf(glibc);
      if (profile !== null) {
        model.adopt(profile);
      }
    },
  };
}

function mayReallocOtherwise(
  { fitting, inferences }: StepFacts,
  settings: readonly Setting[],
  { model }: Replay,
): boolean {
  if (fitting.largest < 0) {
    return false;
  }
  const hasMapped = fitting.largest >= DEFAULT_MMAP_THRESHOLD - 2 * model.pageBytes;
  const mayBegin = inferences.insertions.some(
    ({ kind }) => kind === "exit" || kind === "suggestedExit",
  );
  return (
    hasMapped ||
    mayBegin ||
    keepsLarger(model.profile) ||
    settings.some(([, glibc]) => keepsLarger(profileOf(glibc))) ||
    [...fitting.beginning].some((thread) => !model.threads.hasTcache(thread))
  );
}

/** True for a version whose realloc leaves a block as it is if it shrinks little (ptmalloc2.md §5.1). */
function keepsLarger(profile: Profile | null): boolean {
  return profile?.reallocShortcut === "shrinksLittle";
}
