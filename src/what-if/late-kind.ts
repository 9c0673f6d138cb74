import { applySetting } from "../ptmalloc/settings.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { StepFacts } from "./step-facts.ts";

export type Setting = readonly [name: string, value: string];

/**
 * Settings that wait for the same kind of call: they change nothing until then, so that one replay serves scenarios that
 * differ only in them.
 */
export interface LateKind {
  /** Returns those of a scenario's settings that are of this kind, by which scenarios differ. */
  readonly of: (spec: ScenarioSpec) => readonly Setting[];
  /** Returns the scenario without them. */
  readonly without: (spec: ScenarioSpec) => ScenarioSpec;
  /** False if none of these settings, each of another scenario, changes anything in the step, which `replay` makes next. */
  readonly mayMatter: (facts: StepFacts, settings: readonly Setting[], replay: Replay) => boolean;
  /** Makes the scenario's settings hold in its replay from a step on. */
  readonly apply: (replay: Replay, spec: ScenarioSpec, facts: StepFacts) => void;
}

/** Those of settings of glibc that `of` returns. */
export function lateSettings(of: LateKind["of"], mayMatter: LateKind["mayMatter"]): LateKind {
  return {
    of,
    mayMatter,
    without: (spec) => {
      const late = of(spec).map(([name]) => name);
      const settings = Object.entries(spec.settings).filter(([name]) => !late.includes(name));
      return { ...spec, settings: Object.fromEntries(settings) };
    },
    apply: ({ model: { par, profile } }, spec) => {
      for (const [name, value] of of(spec)) {
        applySetting(par, profile, name, value);
      }
    },
  };
}
