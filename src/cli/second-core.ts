import { Worker } from "node:worker_threads";
import type { LastExits } from "../replay/last-exits.ts";
import type { RecordedProcess } from "../replay/models.ts";
import type { Reading, ReadingForm } from "../replay/reading.ts";
import type { ScenarioSpec } from "../replay/scenario.ts";
import type { ScenarioFigures } from "../replay/scenario-figures.ts";
import { OwnThread, STEPS_AT_ONCE, type WhatIfLane } from "../replay/what-if-lane.ts";
import type { Findings, Step } from "../replay/what-ifs.ts";
import { copyWork, type Insertion, newWork, type Work } from "../replay/window.ts";

/** What the worker (what-if-worker.ts) is told. Batches lie in slots of memory that both threads see. */
export type Order =
  | {
      readonly what: "start";
      readonly origin: RecordedProcess;
      readonly specs: readonly ScenarioSpec[];
    }
  | { readonly what: "slot"; readonly slot: number; readonly work: Work }
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
/** Batches that wait for the worker at most: more than it takes at once, so that it never waits for this thread. */
const MOST_WAITING = 4 * STEPS_AT_ONCE;

/** The what-ifs, replayed by a worker, and by this thread where the log is short. */
export class SecondCore implements WhatIfLane {
  readonly #url: URL;
  #start: { origin: RecordedProcess; specs: readonly ScenarioSpec[] } | null = null;
  /** batches of a log that may turn out to be short */
  #held: Step[] = [];
  #end: { insertions: readonly Insertion[]; exits: LastExits } | null = null;
  #worker: Worker | null = null;
  readonly #slots: Work[] = [];
  readonly #free: number[] = [];
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
    this.#held = [];
    if (this.#worker !== null) this.#order({ what: "start", origin, specs });
  }

  take(work: Work, findings: Findings): void {
    if (this.#start?.specs.length === 0) return;
    if (this.#worker !== null) this.#send({ work, findings });
    else if (this.#held.length < STEPS_BEFORE_WORKER) {
      this.#held.push({ work: copyWork(work), findings });
    } else {
      this.#engage();
      this.#send({ work, findings });
    }
  }

  finish(insertions: readonly Insertion[], exits: LastExits): void {
    this.#end = { insertions, exits };
    if (this.#worker !== null) this.#order({ what: "finish", insertions, exits });
  }

  async figures(reading: Reading): Promise<ScenarioFigures[]> {
    if (this.#worker === null) return this.#figuresHere(reading);
    this.#order({ what: "figures", reading: reading.form });
    while (this.#figures === null) await this.#answer();
    return this.#figures;
  }

  room(): Promise<void> | null {
    return this.#waiting < MOST_WAITING ? null : this.#untilRoom();
  }

  /** To be called when nothing more is wanted: the process would wait for the worker. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  get #waiting(): number {
    return this.#slots.length - this.#free.length;
  }

  async #untilRoom(): Promise<void> {
    while (this.#waiting >= MOST_WAITING) await this.#answer();
  }

  #figuresHere(reading: Reading): ScenarioFigures[] {
    const lane = new OwnThread();
    if (this.#start === null) return [];
    lane.start(this.#start.origin, this.#start.specs);
    for (const { work, findings } of this.#held) lane.take(work, findings);
    if (this.#end !== null) lane.finish(this.#end.insertions, this.#end.exits);
    return lane.figures(reading);
  }

  #engage(): void {
    const worker = new Worker(this.#url);
    worker.on("message", (answer: Answer) => {
      if (answer.what === "done") this.#free.push(...answer.slots);
      else this.#figures = answer.figures;
      this.#wake();
    });
    worker.on("error", (error: Error) => this.#fail(error));
    worker.on("exit", (code) => this.#fail(new Error(`the worker ended with ${code}`)));
    this.#worker = worker;
    if (this.#start !== null) this.#order({ what: "start", ...this.#start });
    for (const step of this.#held) this.#send(step);
    this.#held = [];
  }

  #send({ work, findings }: Step): void {
    const slot = this.#free.pop() ?? this.#newSlot();
    copyWork(work, this.#slots[slot]!);
    this.#order({ what: "step", slot, length: work.batch.length, findings });
  }

  #newSlot(): number {
    const slot = this.#slots.length;
    const work = newWork(SharedArrayBuffer);
    this.#slots.push(work);
    this.#order({ what: "slot", slot, work });
    return slot;
  }

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
