import type { Inferences } from "../replay/inferences.ts";
import type { Insertion } from "../replay/insertions.ts";
import type { LastExits } from "../replay/last-exits.ts";
import { KeptWorks } from "../replay/peak/kept-works.ts";
import { RecycledRuns } from "../replay/peak/peak-past.ts";
import { modelFor, type RecordedProcess } from "../replay/recorded-process.ts";
import { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { type ScenarioFigures, sharedFigures } from "./scenario-figures.ts";
import { WhatIf } from "./what-if.ts";

/** A batch with what the recorded run inferred from it. */
export interface Step {
  readonly work: Work;
  readonly inferences: Inferences;
}

/**
 * All what-ifs of an analysis. They make the same calls as the recorded run and are independent of one another, so each
 * may replay several batches in a row, which keeps its state in the processor's cache.
 */
export class WhatIfs {
  readonly #whatIfs: readonly WhatIf[];
  readonly #specs: readonly ScenarioSpec[];
  readonly #keptWorks = new KeptWorks(false);

  /** @throws SettingRefused a setting that the process's glibc does not accept */
  constructor(origin: RecordedProcess, specs: readonly ScenarioSpec[]) {
    this.#specs = specs;
    const recycled = new RecycledRuns<Replay>();
    this.#whatIfs = bySharing(specs).map(
      (sharing) => new WhatIf(sharing, replayOf(origin, sharing[0]!), recycled),
    );
  }

  get all(): readonly WhatIf[] {
    return this.#whatIfs;
  }

  replay(steps: readonly Step[]): void {
    const kept = steps.map(({ work }) => this.#keptWorks.keep(work));
    for (const whatIf of this.#whatIfs) {
      for (const [n, { work, inferences }] of steps.entries()) {
        whatIf.replay(work, inferences, kept[n]!);
      }
    }
    for (const one of kept) {
      one.release();
    }
  }

  /** The log ends. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    for (const whatIf of this.#whatIfs) {
      whatIf.finish(insertions, exits);
    }
  }

  /** Returns the figures of each scenario, in the constructor's order. Must be called once: it makes the trims at the end. */
  figures(reading: Reading): ScenarioFigures[] {
    const figures = new Map<ScenarioSpec, ScenarioFigures>();
    for (const whatIf of this.#whatIfs) {
      for (const [spec, one] of sharedFigures(whatIf, whatIf.specs, reading)) {
        figures.set(spec, one);
      }
      whatIf.forgetPeak();
    }
    return this.#specs.flatMap((spec) => figures.get(spec) ?? []);
  }
}

/** True for a scenario whose calls have the same effect as those of the recorded run, up to the log's end. */
export function isAsRecorded(spec: ScenarioSpec): boolean {
  return sharingKey(spec) === NOTHING_CHANGED;
}

/** Groups the scenarios that share their replays. */
export function bySharing(specs: readonly ScenarioSpec[]): ScenarioSpec[][] {
  const groups = new Map<string, ScenarioSpec[]>();
  for (const spec of specs) {
    const key = sharingKey(spec);
    groups.set(key, [...(groups.get(key) ?? []), spec]);
  }
  return [...groups.values()];
}

function replayOf(origin: RecordedProcess, spec: ScenarioSpec): Replay {
  const { trim } = spec;
  const every = typeof trim === "object" ? trim.everySeconds : Number.POSITIVE_INFINITY;
  return new Replay(modelFor(origin, spec), every);
}

/** Scenarios with the same key pass through the same states until the log's end. */
function sharingKey({ settings, glibc, cpus, trim }: Omit<ScenarioSpec, "name">): string {
  return JSON.stringify([settings, glibc, cpus, typeof trim === "object" ? trim : null]);
}

const NOTHING_CHANGED = sharingKey({ settings: {}, glibc: null, cpus: null, trim: "never" });
