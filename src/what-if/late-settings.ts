import {
  DEFAULT_MMAP_THRESHOLD,
  DEFAULT_TRIM_THRESHOLD,
  freezesThresholds,
} from "../ptmalloc/settings.ts";
import type { Inferences } from "../replay/inferences.ts";
import { parFor, type RecordedProcess } from "../replay/recorded-process.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Work } from "../replay/work.ts";
import { Action, LOST_FREE, withoutLostFree } from "../trace/actions.ts";

/** Settings that change nothing until a certain call: until then one replay serves scenarios that differ only in them. */

export type Setting = readonly [name: string, value: string];

/** A batch with what the recorded run inferred from it. */
export interface Step {
  readonly work: Work;
  readonly inferences: Inferences;
}

/** What decides whether settings may take effect in a step. */
export interface StepFacts {
  /** threads that the log has had, or more: the highest dense index of those that call, plus 1 */
  readonly threads: number;
  /** threads other than the first call */
  readonly severalThreads: boolean;
  /** the program sets parameters itself */
  readonly mallopt: boolean;
  /** bytes that a call asks for at most, alignment included */
  readonly largestRequest: number;
  /** bytes requested of a block that is freed or moved, at most; Infinity if that is not in the batch */
  readonly largestFreed: number;
  readonly inferences: Inferences;
}

/** Settings that wait for the same kind of call. */
export interface LateKind {
  /** Returns those of a scenario's settings that are of this kind. */
  readonly of: (spec: ScenarioSpec) => readonly Setting[];
  /** False if none of these settings, each of another scenario, changes anything in the step. */
  readonly mayMatter: (facts: StepFacts, settings: readonly Setting[]) => boolean;
}

export function stepFacts({ work: { batch, actions }, inferences }: Step): StepFacts {
  const { length, size, align } = batch;
  const { action, thread, oldSize } = actions;
  let threads = 0;
  let severalThreads = false;
  let mallopt = false;
  let largestRequest = 0;
  let largestFreed = 0;
  for (let i = 0; i < length; i++) {
    const one = action[i]!;
    const call = withoutLostFree(one);
    threads = Math.max(threads, thread[i]! + 1);
    severalThreads ||= thread[i] !== 0;
    mallopt ||= call === Action.mallopt;
    if (call >= Action.malloc && call <= Action.pvalloc) {
      const bytes = call === Action.memalign ? size[i]! + align[i]! : size[i]!;
      largestRequest = Math.max(largestRequest, bytes);
      // An alignment makes a chunk larger than the request that its free shows.
      largestFreed = call === Action.memalign ? Math.max(largestFreed, bytes) : largestFreed;
    }
    largestFreed = Math.max(largestFreed, oldSize[i]!, one >= LOST_FREE ? Infinity : 0);
  }
  return { threads, severalThreads, mallopt, largestRequest, largestFreed, inferences };
}

/** Returns the kinds that a process of these settings has. */
export function lateKinds(origin: RecordedProcess): readonly LateKind[] {
  return hasDynamicThresholds(origin)
    ? [ARENA_LIMITS, mmapThreshold(origin.pageBytes), trimThreshold(origin.pageBytes)]
    : [ARENA_LIMITS];
}

/** True if a free may raise the thresholds of the process (§4.6), as far as its settings are known. */
export function hasDynamicThresholds(origin: RecordedProcess): boolean {
  return !parFor(origin, null).par.noDynThreshold;
}

/** Variables that limit arenas. As tunables they would lengthen GLIBC_TUNABLES, whose copy moves the break (trap T21). */
const LIMITS: readonly string[] = ["MALLOC_ARENA_MAX", "MALLOC_ARENA_TEST"];

export function arenaLimitsOf({ settings }: Pick<ScenarioSpec, "settings">): readonly Setting[] {
  return Object.entries(settings).filter(([name]) => LIMITS.includes(name));
}

/** One thread is served by the main arena, whatever the limits (§6.1). */
const ARENA_LIMITS: LateKind = {
  of: arenaLimitsOf,
  mayMatter: ({ severalThreads, mallopt, inferences }) =>
    severalThreads || mallopt || inferences.settings.some(({ name }) => LIMITS.includes(name)),
};

/**
 * A lower mmap threshold than the default waits for a request that it may map (§3.7). `pageBytes`: a page of the kernel, to
 * which pvalloc rounds up.
 */
function mmapThreshold(pageBytes: number): LateKind {
  return {
    of: (spec) =>
      onlySetting(spec, "MALLOC_MMAP_THRESHOLD_", (value) => value <= DEFAULT_MMAP_THRESHOLD),
    mayMatter: (facts, settings) => {
      const least = Math.min(...settings.map(([, value]) => Number(value)));
      return setsThresholds(facts) || facts.largestRequest >= least - 2 * pageBytes;
    },
  };
}

/** The default trim threshold, which only keeps both as they are, waits for the free of a mapped chunk (§4.6). */
function trimThreshold(pageBytes: number): LateKind {
  return {
    of: (spec) =>
      onlySetting(spec, "MALLOC_TRIM_THRESHOLD_", (value) => value === DEFAULT_TRIM_THRESHOLD),
    mayMatter: (facts) =>
      setsThresholds(facts) || facts.largestFreed >= DEFAULT_MMAP_THRESHOLD - 2 * pageBytes,
  };
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

/** True if the program sets thresholds in the step, or if those of the process were inferred from it. */
function setsThresholds({ mallopt, inferences }: StepFacts): boolean {
  const { settings, retractsThreshold } = inferences;
  return mallopt || retractsThreshold || settings.some(({ name }) => freezesThresholds(name));
}
