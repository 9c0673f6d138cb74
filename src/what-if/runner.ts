import type { RecordedProcess } from "../recorded/models.ts";
import type { ScenarioSpec } from "../replay/analysis-options.ts";
import type { LastExits } from "../replay/last-exits.ts";
import { copyWork, type Insertion, newWork, type Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { ScenarioFigures } from "./scenario-figures.ts";
import { type Findings, type Step, WhatIfs } from "./what-ifs.ts";

/** Where the what-ifs are replayed: here, or on another core. */
export interface WhatIfLane {
  /** The log begins, or begins anew, with what was found out of the process. */
  start(origin: RecordedProcess, specs: readonly ScenarioSpec[]): void;
  /** The next batch. It is copied: the caller may fill it anew. */
  take(work: Work, findings: Findings): void;
  /** The end of the log, and of threads. */
  finish(insertions: readonly Insertion[], exits: LastExits): void;
  /** The figures of each scenario, in the order of `start`'s. To be called once. */
  figures(reading: Reading): ScenarioFigures[] | Promise<ScenarioFigures[]>;
  /** null; or, while more has been taken than is good to hold, what to wait for before the next batch */
  room(): Promise<void> | null;
}

/** Batches that each what-if goes through before the next one does, for its state to stay in the processor's cache. */
export const STEPS_AT_ONCE = 4;

/** The what-ifs, replayed in the thread that reads the log. */
export class OwnThread implements WhatIfLane {
  whatIfs: WhatIfs | null = null;
  readonly #works: Work[] = [];
  readonly #steps: Step[] = [];

  start(origin: RecordedProcess, specs: readonly ScenarioSpec[]): void {
    this.#steps.length = 0;
    this.whatIfs = new WhatIfs(origin, specs);
  }

  take(work: Work, findings: Findings): void {
    const at = this.#steps.length;
    this.#works[at] ??= newWork();
    this.#steps.push({ work: copyWork(work, this.#works[at]), findings });
    if (this.#steps.length === STEPS_AT_ONCE) {
      this.#replay();
    }
  }

  finish(insertions: readonly Insertion[], exits: LastExits): void {
    this.#replay();
    this.whatIfs?.finish(insertions, exits);
  }

  figures(reading: Reading): ScenarioFigures[] {
    return this.whatIfs?.figures(reading) ?? [];
  }

  room(): null {
    return null;
  }

  #replay(): void {
    this.whatIfs?.replay(this.#steps);
    this.#steps.length = 0;
  }
}
