import { Worker } from "node:worker_threads";
import type { RecordedProcess } from "../../recorded/models.ts";
import type { ScenarioSpec } from "../../replay/analysis-options.ts";
import type { LastExits } from "../../replay/last-exits.ts";
import { copyWork, type Insertion, newWork, type Work } from "../../replay/work.ts";
import type { Reading, ReadingForm } from "../../replay/writes/reading.ts";
import { STEPS_AT_ONCE, type WhatIfLane } from "../../what-if/runner.ts";
import type { ScenarioFigures } from "../../what-if/scenario-figures.ts";
import { bySharing, type Findings, WhatIfs } from "../../what-if/what-ifs.ts";
import { Slots } from "./buffer-pool.ts";

/**
 * What a worker (what-if-worker.ts) is told. The columns of a batch lie in memory that both threads see, that of a
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

/** A shorter log is over before other threads have begun. */
const STEPS_BEFORE_WORKER = 12;
/** Batches that wait at most: more than are held before there are workers, and than one takes at once. */
const MOST_WAITING = 4 * STEPS_AT_ONCE;

/** A worker, and the scenarios that it replays. */
interface Helper {
  readonly worker: Worker;
  readonly specs: readonly ScenarioSpec[];
  figures: ScenarioFigures[] | null;
}

/** The what-ifs, replayed by other threads, each of which has some of them, and by this one where the log is short. */
export class OtherCores implements WhatIfLane {
  readonly #url: URL;
  readonly #cores: number;
  #start: { origin: RecordedProcess; specs: readonly ScenarioSpec[] } | null = null;
  /** batches of a log that may turn out to be short, and their slots */
  #held: { readonly slot: number; readonly findings: Findings }[] = [];
  #end: { insertions: readonly Insertion[]; exits: LastExits } | null = null;
  /** none while the log may be a short one */
  #helpers: readonly Helper[] = [];
  readonly #slots = new Slots((slot) => {
    const work = newWork(SharedArrayBuffer);
    this.#order({ what: "room", slot, work });
    return work;
  });
  /** by slot, how many have yet to replay what it holds */
  readonly #yetToReplay: number[] = [];
  #failure: Error | null = null;
  /** whoever waits for the next answer */
  #wake: () => void = () => {};

  /** `url`: the workers' code; `cores`: how many there are, this thread's among them */
  constructor(url: URL, cores: number) {
    this.#url = url;
    this.#cores = cores;
  }

  start(origin: RecordedProcess, specs: readonly ScenarioSpec[]): void {
    this.#start = { origin, specs };
    this.#slots.release(this.#held.map(({ slot }) => slot));
    this.#held = [];
    this.#startHelpers(origin);
  }

  take(work: Work, findings: Findings): void {
    if (this.#start?.specs.length === 0) {
      return;
    }
    const slot = this.#slots.take();
    copyWork(work, this.#workIn(slot));
    if (this.#helpers.length === 0) {
      this.#held.push({ slot, findings });
      if (this.#held.length > STEPS_BEFORE_WORKER) {
        this.#engage();
      }
    } else {
      this.#step(slot, findings);
    }
  }

  finish(insertions: readonly Insertion[], exits: LastExits): void {
    this.#end = { insertions, exits };
    this.#order({ what: "finish", insertions, exits });
  }

  async figures(reading: Reading): Promise<ScenarioFigures[]> {
    if (this.#helpers.length === 0) {
      return this.#figuresHere(reading);
    }
    this.#order({ what: "figures", reading: reading.form });
    const found = new Map<ScenarioSpec, ScenarioFigures>();
    for (const helper of this.#helpers) {
      while (helper.figures === null) {
        await this.#answer();
      }
      for (const [n, figures] of helper.figures.entries()) {
        found.set(helper.specs[n]!, figures);
      }
    }
    return (this.#start?.specs ?? []).flatMap((spec) => found.get(spec) ?? []);
  }

  room(): Promise<void> | null {
    return this.#slots.taken < MOST_WAITING ? null : this.#untilRoom();
  }

  /** To be called when nothing more is wanted: the process would wait for the workers. */
  async close(): Promise<void> {
    const helpers = this.#helpers;
    this.#helpers = [];
    await Promise.all(helpers.map(({ worker }) => worker.terminate()));
  }

  async #untilRoom(): Promise<void> {
    while (this.#slots.taken >= MOST_WAITING) {
      await this.#answer();
    }
  }

  #figuresHere(reading: Reading): ScenarioFigures[] {
    if (this.#start === null || this.#end === null) {
      return [];
    }
    const whatIfs = new WhatIfs(this.#start.origin, this.#start.specs);
    whatIfs.replay(
      this.#held.map(({ slot, findings }) => ({ work: this.#workIn(slot), findings })),
    );
    whatIfs.finish(this.#end.insertions, this.#end.exits);
    return whatIfs.figures(reading);
  }

  #engage(): void {
    if (this.#start === null) {
      return;
    }
    const { origin, specs } = this.#start;
    this.#helpers = inShares(specs, this.#cores).map((share) => this.#helper(share));
    this.#startHelpers(origin);
    for (const [slot, work] of this.#slots.rooms.entries()) {
      this.#order({ what: "room", slot, work });
    }
    for (const { slot, findings } of this.#held) {
      this.#step(slot, findings);
    }
    this.#held = [];
  }

  #helper(specs: readonly ScenarioSpec[]): Helper {
    // Replaying leaves next to nothing behind.
    const worker = new Worker(this.#url, { resourceLimits: { maxYoungGenerationSizeMb: 1 } });
    const helper: Helper = { worker, specs, figures: null };
    worker.on("message", (answer: Answer) => {
      if (answer.what === "figures") {
        helper.figures = answer.figures;
      } else {
        for (const slot of answer.slots) {
          this.#replayed(slot);
        }
      }
      this.#wake();
    });
    worker.on("error", (error: Error) => this.#fail(error));
    worker.on("exit", (code) => this.#fail(new Error(`the worker ended with ${code}`)));
    return helper;
  }

  #startHelpers(origin: RecordedProcess): void {
    for (const helper of this.#helpers) {
      tell(helper, { what: "start", origin, specs: helper.specs });
    }
  }

  /** One more helper has replayed what the slot holds. */
  #replayed(slot: number): void {
    this.#yetToReplay[slot]!--;
    if (this.#yetToReplay[slot] === 0) {
      this.#slots.release([slot]);
    }
  }

  #workIn(slot: number): Work {
    return this.#slots.rooms[slot]!;
  }

  #step(slot: number, findings: Findings): void {
    this.#yetToReplay[slot] = this.#helpers.length;
    this.#order({ what: "step", slot, length: this.#workIn(slot).batch.length, findings });
  }

  /** Tells all helpers, once there are any. */
  #order(order: Order): void {
    for (const helper of this.#helpers) {
      tell(helper, order);
    }
  }

  /** @throws Error a worker has failed */
  async #answer(): Promise<void> {
    if (this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== null) {
      throw this.#failure;
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}

/**
 * The scenarios as helpers share them out: one for each core but this thread's; and one for that, too, where there is so
 * much to replay that this thread is done long before the others.
 */
export function inShares(specs: readonly ScenarioSpec[], cores: number): ScenarioSpec[][] {
  const groups = bySharing(specs);
  const helpers = groups.length > 2 * (cores - 1) ? cores : cores - 1;
  const shares: ScenarioSpec[][] = [];
  for (const [n, group] of groups.entries()) {
    shares[n % helpers] = [...(shares[n % helpers] ?? []), ...group];
  }
  return shares;
}

function tell({ worker }: Helper, order: Order): void {
  worker.postMessage(order);
}
