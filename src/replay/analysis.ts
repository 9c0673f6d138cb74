import { ActionBatch } from "../trace/actions.ts";
import { EventBatch } from "../trace/event.ts";
import { Ledger } from "../trace/ledger.ts";
import type { EventSink } from "../trace/sink.ts";
import { LogFacts } from "./log-facts.ts";
import { modelFor, type RecordedProcess, recordedProcess } from "./models.ts";
import { PointerJudge } from "./pointer-judge.ts";
import type { AnalysisOptions, ScenarioSpec } from "./scenario.ts";
import { ScenarioRun } from "./scenario-run.ts";
import { ThreadExits } from "./thread-exits.ts";
import { Touch, TouchBatch } from "./touch.ts";

/** A measured RSS of the log beside the model's at the same place. */
export interface RssSample {
  /** µs on the log's clock; NaN when unknown */
  readonly time: number;
  readonly measuredBytes: number;
  readonly modelledBytes: number;
}

/** The what-ifs that one model serves: they differ in a malloc_trim at the end only. */
export interface SharedRun {
  readonly run: ScenarioRun;
  readonly specs: ScenarioSpec[];
}

/**
 * One pass over a log: the ledger, the run as recorded and every what-if, batch by batch. Models are made when the
 * first batch is there, since the comments at the log's head say what they are to be.
 *
 * A batch waits until the next one is full: a thread's exit may depend on lines that follow.
 */
export class Analysis implements EventSink {
  readonly options: AnalysisOptions;
  readonly ledger = new Ledger();
  readonly facts = new LogFacts();
  readonly rssSamples: RssSample[] = [];
  readonly touch: Touch;
  readonly #actions = new ActionBatch();
  readonly #touched = new TouchBatch();
  readonly #exits = new ThreadExits();
  #batch = new EventBatch();
  #waiting: EventBatch | null = null;
  #recordedProcess: RecordedProcess | null = null;
  #judge: PointerJudge | null = null;
  #recorded: ScenarioRun | null = null;
  #whatIfs: SharedRun[] = [];
  /** an address of 2^32 or more was seen: the log's pointers are whole */
  #sawHighAddress = false;

  constructor(options: AnalysisOptions) {
    this.options = options;
    this.touch = new Touch(options.touch);
  }

  get batch(): EventBatch {
    return this.#batch;
  }

  advance(): void {
    const full = this.#batch;
    const spare = this.#waiting;
    if (spare !== null) this.#consume(spare, full);
    spare?.clear();
    this.#batch = spare ?? new EventBatch();
    this.#waiting = full;
  }

  end(): void {
    if (this.#waiting !== null) this.#consume(this.#waiting, this.#batch);
    this.#consume(this.#batch, null);
    this.#waiting = null;
    this.#recorded?.finish();
    for (const { run } of this.#whatIfs) run.finish();
  }

  /** null under --no-model, and before the first event */
  get recorded(): ScenarioRun | null {
    return this.#recorded;
  }

  get recordedProcess(): RecordedProcess | null {
    return this.#recordedProcess;
  }

  get judge(): PointerJudge | null {
    return this.#judge;
  }

  get whatIfs(): readonly SharedRun[] {
    return this.#whatIfs;
  }

  get pointerBits(): 32 | 64 {
    return this.#sawHighAddress ? 64 : 32;
  }

  #consume(batch: EventBatch, next: EventBatch | null): void {
    const samples = this.#readNotes(batch);
    if (batch.length === 0 && samples.length === 0) return;
    this.ledger.resolve(batch, this.#actions);
    this.#seeAddresses(batch);
    if (!this.options.model) return;
    const recorded = this.#recorded ?? this.#start();
    this.#exits.settle(batch, this.#actions, next);
    this.touch.fill(batch, this.#actions, this.#touched);
    let from = 0;
    for (const { at, bytes } of samples) {
      recorded.replay(batch, this.#actions, this.#touched, from, at);
      from = at;
      this.#compare(batch, at, bytes, recorded);
    }
    recorded.replay(batch, this.#actions, this.#touched, from, batch.length);
    for (const { run } of this.#whatIfs) {
      if (run !== recorded) run.replay(batch, this.#actions, this.#touched, 0, batch.length);
    }
  }

  /** Takes in the batch's comments; the RSS samples among them are returned with their places. */
  #readNotes(batch: EventBatch): { at: number; bytes: number }[] {
    const samples: { at: number; bytes: number }[] = [];
    for (const note of batch.notes) {
      const bytes = this.facts.read(note);
      if (bytes !== null) samples.push({ at: note.at, bytes });
    }
    return samples;
  }

  #compare(batch: EventBatch, at: number, measuredBytes: number, recorded: ScenarioRun): void {
    const time = at > 0 ? batch.time[at - 1]! : this.ledger.clock.first;
    this.rssSamples.push({ time, measuredBytes, modelledBytes: recorded.rssBytes });
  }

  #seeAddresses(batch: EventBatch): void {
    for (let i = 0; i < batch.length && !this.#sawHighAddress; i++) {
      this.#sawHighAddress =
        batch.caller[i]! >= 2 ** 32 ||
        batch.pointerOut[i]! >= 2 ** 32 ||
        batch.pointerIn[i]! >= 2 ** 32;
    }
    if (this.#sawHighAddress) this.#judge?.seeWholePointers();
  }

  #start(): ScenarioRun {
    const origin = recordedProcess(this.options, this.facts);
    const model = modelFor(origin, null);
    const judge = new PointerJudge(this.facts.heapStart, model.breakHeap);
    if (this.#sawHighAddress) judge.seeWholePointers();
    const recorded = new ScenarioRun(model, judge, Number.POSITIVE_INFINITY);
    const runs = new Map<string, SharedRun>();
    for (const spec of this.options.whatIfs) {
      const key = sharingKey(spec);
      const shared = runs.get(key);
      if (shared !== undefined) shared.specs.push(spec);
      else if (key === NOTHING_CHANGED) runs.set(key, { run: recorded, specs: [spec] });
      else {
        const every =
          typeof spec.trim === "object" ? spec.trim.everySeconds : Number.POSITIVE_INFINITY;
        const run = new ScenarioRun(modelFor(origin, spec), null, every);
        runs.set(key, { run, specs: [spec] });
      }
    }
    this.#recordedProcess = origin;
    this.#judge = judge;
    this.#recorded = recorded;
    this.#whatIfs = [...runs.values()];
    return recorded;
  }
}

/** Scenarios with the same key go through the same states until the log's end. */
function sharingKey({ settings, glibc, cpus, trim }: ScenarioSpec): string {
  return JSON.stringify([settings, glibc, cpus, typeof trim === "object" ? trim : null]);
}

const NOTHING_CHANGED = JSON.stringify([{}, null, null, null]);
