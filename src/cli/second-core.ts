import { Worker } from "node:worker_threads";
import type { LastExits } from "../replay/last-exits.ts";
import type { RecordedProcess } from "../replay/models.ts";
import type { Reading, ReadingForm } from "../replay/reading.ts";
import type { ScenarioSpec } from "../replay/scenario.ts";
import type { ScenarioFigures } from "../replay/scenario-figures.ts";
import { STEPS_AT_ONCE, type WhatIfLane } from "../replay/what-if-lane.ts";
import { type Findings, WhatIfs } from "../replay/what-ifs.ts";
import { copyWork, type Insertion, newWork, type Work } from "../replay/window.ts";
import { Slots } from "./slots.ts";

/**
 * What the worker (what-if-worker.ts) is told. The columns of a batch lie in memory that both threads see, that of a
 * slot, which is made known once: to tell of it costs more than to copy a batch.
 */
export type Order =
  | {
      readonly what: "start";
      readonly origin: RecordedProcess;
      readonly specs: readonly ScenarioSpec[];
    }
  | { readonly what: "room"; readonly slot: number; readonly work: Work }
  | {
      readonly what: "step";
      readonly slot: number;
      readonly length: number;
      readonly findings: Findings;
    }
  | {
      readonly what: "finish";
      readonly insertions: readonly Insertion[];
      readonly exits: LastExits;
    }
  | { readonly what: "figures"; readonly reading: ReadingForm };

/** What it answers. */
export type Answer =
  | { readonly what: "done"; readonly slots: readonly number[] }
  | { readonly what: "figures"; readonly figures: ScenarioFigures[] };

/** A shorter log is over before another thread has begun. */
const STEPS_BEFORE_WORKER = 12;
/** Batches that wait at most: more than are held before there is a worker, and than it takes at once. */
const MOST_WAITING = 4 * STEPS_AT_ONCE;

/** The what-ifs, replayed by a worker, and by this thread where the log is short. */
export class SecondCore implements WhatIfLane {
  readonly #url: URL;
  #start: { origin: RecordedProcess; specs: readonly ScenarioSpec[] } | null = null;
  /** batches of a log that may turn out to be short, and their slots */
  #held: { readonly slot: number; readonly findings: Findings }[] = [];
  #end: { insertions: readonly Insertion[]; exits: LastExits } | null = null;
  #worker: Worker | null = null;
  readonly #slots = new Slots((slot) => {
    const work = newWork(SharedArrayBuffer);
    this.#order({ what: "room", slot, work });
    return work;
  });
  #failure: Error | null = null;
  /** whoever waits for the worker's next answer */
  #wake: () => void = () => {};
  #figures: ScenarioFigures[] | null = null;

  /** `url`: the worker's code */
  constructor(url: URL) {
    this.#url = url;
  }

  start(origin: RecordedProcess, specs: readonly ScenarioSpec[]): void {
    this.#start = { origin, specs };
    this.#slots.release(this.#held.map(({ slot }) => slot));
    this.#held = [];
    this.#order({ what: "start", origin, specs });
  }

  take(work: Work, findings: Findings): void {
    if (this.#start?.specs.length === 0) return;
    const slot = this.#slots.take();
    copyWork(work, this.#workIn(slot));
    if (this.#worker === null) {
      this.#held.push({ slot, findings });
      if (this.#held.length > STEPS_BEFORE_WORKER) this.#engage();
    } else {
      this.#step(slot, findings);
    }
  }

  finish(insertions: readonly Insertion[], exits: LastExits): void {
    this.#end = { insertions, exits };
    this.#order({ what: "finish", insertions, exits });
  }

  async figures(reading: Reading): Promise<ScenarioFigures[]> {
    if (this.#worker === null) return this.#figuresHere(reading);
    this.#order({ what: "figures", reading: reading.form });
    while (this.#figures === null) await this.#answer();
    return this.#figures;
  }

  room(): Promise<void> | null {
    return this.#slots.taken < MOST_WAITING ? null : this.#untilRoom();
  }

  /** To be called when nothing more is wanted: the process would wait for the worker. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  async #untilRoom(): Promise<void> {
    while (this.#slots.taken >= MOST_WAITING) await this.#answer();
  }

  #figuresHere(reading: Reading): ScenarioFigures[] {
    if (this.#start === null || this.#end === null) return [];
    const whatIfs = new WhatIfs(this.#start.origin, this.#start.specs);
    whatIfs.replay(
      this.#held.map(({ slot, findings }) => ({ work: this.#workIn(slot), findings })),
    );
    whatIfs.finish(this.#end.insertions, this.#end.exits);
    return whatIfs.figures(reading);
  }

  #engage(): void {
    // Replaying leaves next to nothing behind.
    const worker = new Worker(this.#url, { resourceLimits: { maxYoungGenerationSizeMb: 1 } });
    worker.on("message", (answer: Answer) => {
      if (answer.what === "done") this.#slots.release(answer.slots);
      else this.#figures = answer.figures;
      this.#wake();
    });
    worker.on("error", (error: Error) => this.#fail(error));
    worker.on("exit", (code) => this.#fail(new Error(`the worker ended with ${code}`)));
    this.#worker = worker;
    if (this.#start !== null) this.#order({ what: "start", ...this.#start });
    for (const [slot, work] of this.#slots.rooms.entries()) {
      this.#order({ what: "room", slot, work });
    }
    for (const { slot, findings } of this.#held) this.#step(slot, findings);
    this.#held = [];
  }

  #workIn(slot: number): Work {
    return this.#slots.rooms[slot]!;
  }

  #step(slot: number, findings: Findings): void {
    this.#order({ what: "step", slot, length: this.#workIn(slot).batch.length, findings });
  }

  /** Tells the worker, once there is one. */
  #order(order: Order): void {
    this.#worker?.postMessage(order);
  }

  /** @throws Error the worker has failed */
  async #answer(): Promise<void> {
    if (this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== null) throw this.#failure;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}
