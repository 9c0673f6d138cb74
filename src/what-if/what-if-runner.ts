import type { Inferences } from "../replay/inferences.ts";
import type { Insertion } from "../replay/insertions.ts";
import type { LastExits } from "../replay/last-exits.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import { copyWork, newWork, type Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import type { MaybeFigures } from "./scenario-figures.ts";
import type { Step } from "./step-facts.ts";
import { type Asked, WhatIfs } from "./what-ifs.ts";

/** Replays the what-ifs: in this thread, or in others (pipeline/threads). */
export interface WhatIfRunner {
  /** The log begins, or begins again, with what is known of the process. */
  start(origin: RecordedProcess, specs: readonly ScenarioSpec[]): void;
  /** Takes the next batch. It is copied: the caller may reuse it. */
  take(work: Work, inferences: Inferences): void;
  /** The log ends. */
  finish(insertions: readonly Insertion[], exits: LastExits): void;
  /** Returns the figures of the scenarios asked for, null for trials that do not help. Must be called once, at the end. */
  figures(reading: Reading, asked: Asked): MaybeFigures[] | Promise<MaybeFigures[]>;
  /** Returns null if the next batch may come; else a promise that resolves when it may. */
  whenReady(): Promise<void> | null;
}

/** Batches that each what-if replays before the next what-if does, so that its state stays in the processor's cache. */
export const STEPS_AT_ONCE = 4;

/** Replays the what-ifs in the thread that reads the log. */
export class InlineRunner implements WhatIfRunner {
  whatIfs: WhatIfs | null = null;
  readonly #buffers: Work[] = [];
  readonly #steps: Step[] = [];

  start(origin: RecordedProcess, specs: readonly ScenarioSpec[]): void {
    this.#steps.length = 0;
    this.whatIfs = new WhatIfs(origin, specs);
  }

  take(work: Work, inferences: Inferences): void {
    const at = this.#steps.length;
    this.#buffers[at] ??= newWork();
    this.#steps.push({ work: copyWork(work, this.#buffers[at]), inferences });
    if (this.#steps.length === STEPS_AT_ONCE) {
      this.#replay();
    }
  }

  finish(insertions: readonly Insertion[], exits: LastExits): void {
    this.#replay();
    this.whatIfs?.finish(insertions, exits);
  }

  figures(reading: Reading, asked: Asked): MaybeFigures[] {
    return this.whatIfs?.figures(reading, asked) ?? [];
  }

  whenReady(): null {
    return null;
  }

  #replay(): void {
    this.whatIfs?.replay(this.#steps);
    this.#steps.length = 0;
  }
}
