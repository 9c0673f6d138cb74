import type { Inferences } from "../replay/inferences.ts";
import type { Insertion } from "../replay/insertions.ts";
import type { LastExits } from "../replay/last-exits.ts";
import { type KeptWork, KeptWorks } from "../replay/peak/kept-works.ts";
import { RecycledRuns } from "../replay/peak/peak-past.ts";
import { modelFor, type RecordedProcess } from "../replay/recorded-process.ts";
import { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { type ScenarioFigures, sharedFigures } from "./scenario-figures.ts";
import { bySharingOfOneThread, mayChooseArenas, withoutArenaLimits } from "./sharing.ts";
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
  #whatIfs: readonly WhatIf[];
  /** the log has one thread so far: scenarios that differ in limits on arenas still share their replays */
  #hasOneThread = true;
  readonly #specs: readonly ScenarioSpec[];
  readonly #keptWorks = new KeptWorks(false);

  /** @throws SettingRefused a setting that the process's glibc does not accept */
  constructor(origin: RecordedProcess, specs: readonly ScenarioSpec[]) {
    this.#specs = specs;
    const recycled = new RecycledRuns<Replay>();
    this.#whatIfs = bySharingOfOneThread(specs).map(
      (sharing) => new WhatIf(sharing, replayOf(origin, withoutArenaLimits(sharing[0]!)), recycled),
    );
  }

  get all(): readonly WhatIf[] {
    return this.#whatIfs;
  }

  replay(steps: readonly Step[]): void {
    const kept = steps.map((step) => ({ ...step, kept: this.#keptWorks.keep(step.work) }));
    const choice = this.#hasOneThread ? steps.findIndex(mayChooseArenas) : -1;
    if (choice < 0) {
      this.#replay(kept);
    } else {
      this.#replay(kept.slice(0, choice));
      this.#whatIfs = this.#whatIfs.flatMap((whatIf) => whatIf.divided());
      this.#hasOneThread = false;
      this.#replay(kept.slice(choice));
    }
    for (const one of kept) {
      one.kept.release();
    }
  }

  #replay(steps: readonly (Step & { readonly kept: KeptWork })[]): void {
    for (const whatIf of this.#whatIfs) {
      for (const { work, inferences, kept } of steps) {
        whatIf.replay(work, inferences, kept);
      }
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

function replayOf(origin: RecordedProcess, spec: ScenarioSpec): Replay {
  const { trim } = spec;
  const every = typeof trim === "object" ? trim.everySeconds : Number.POSITIVE_INFINITY;
  return new Replay(modelFor(origin, spec), every);
}
