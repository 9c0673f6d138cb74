import { Worker } from "node:worker_threads";
import type { Inferences } from "../../replay/inferences.ts";
import type { Insertion } from "../../replay/insertions.ts";
import type { LastExits } from "../../replay/last-exits.ts";
import type { RecordedProcess } from "../../replay/recorded-process.ts";
import type { ScenarioSpec } from "../../replay/scenario-spec.ts";
import { copyUnguided, newWork, type Work } from "../../replay/work.ts";
import type { Reading } from "../../replay/writes/reading.ts";
import type { MaybeFigures } from "../../what-if/scenario-figures.ts";
import { bySharing } from "../../what-if/sharing.ts";
import { STEPS_AT_ONCE, type WhatIfRunner } from "../../what-if/what-if-runner.ts";
import { type Asked, WhatIfs } from "../../what-if/what-ifs.ts";
import { BufferPool } from "./buffer-pool.ts";
import type { Request, Response, SentStep } from "./what-if-messages.ts";

/** A shorter log is replayed before other threads have started. */
const STEPS_BEFORE_WORKERS = 12;
/** Batches in use at once: more than are held before the workers start, and more than a worker replays at once. */
const MAX_IN_USE = 4 * STEPS_AT_ONCE;

/** A worker and the scenarios that it replays. */
interface Share {
  readonly worker: Worker;
  readonly specs: readonly ScenarioSpec[];
  figures: MaybeFigures[] | null;
}

/** Replays the what-ifs in other threads, each with a share of them; in this one if the log is short. */
export class WorkerRunner implements WhatIfRunner {
  readonly #url: URL;
  readonly #cores: number;
  #start: { origin: RecordedProcess; specs: readonly ScenarioSpec[] } | null = null;
  /** steps that are not sent yet: too few, or the log may turn out to be short */
  #held: SentStep[] = [];
  #end: { insertions: readonly Insertion[]; exits: LastExits } | null = null;
  /** none while the log may be short */
  #shares: readonly Share[] = [];
  readonly #pool = new BufferPool((slot) => {
    const work = newWork(SharedArrayBuffer);
    this.#sendAll({ kind: "buffer", slot, work });
    return work;
  });
  /** by slot, how many workers have yet to replay its batch */
  readonly #pending: number[] = [];
  #failure: Error | null = null;
  /** resolves the promise that waits for the next response */
  #wake: () => void = () => {};

  /** `url`: the code of the workers; `cores`: cores of this machine, 2 or more */
  constructor(url: URL, cores: number) {
    this.#url = url;
    this.#cores = cores;
  }

  start(origin: RecordedProcess, specs: readonly ScenarioSpec[]): void {
    this.#start = { origin, specs };
    this.#pool.release(this.#held.map(({ slot }) => slot));
    this.#held = [];
    this.#startShares(origin);
  }

  take(work: Work, inferences: Inferences): void {
    if (this.#start?.specs.length === 0) {
      return;
    }
    const slot = this.#pool.take();
    copyUnguided(this.#workIn(slot), work);
    this.#held.push({ slot, length: work.batch.length, inferences });
    if (this.#shares.length === 0 && this.#held.length > STEPS_BEFORE_WORKERS) {
      this.#startWorkers();
    }
    while (this.#shares.length > 0 && this.#held.length >= STEPS_AT_ONCE) {
      this.#sendHeld();
    }
  }

  finish(insertions: readonly Insertion[], exits: LastExits): void {
    this.#end = { insertions, exits };
    if (this.#shares.length > 0) {
      this.#sendHeld();
    }
    this.#sendAll({ kind: "finish", insertions, exits });
  }

  async figures(reading: Reading, asked: Asked): Promise<MaybeFigures[]> {
    if (this.#shares.length === 0) {
      return this.#figuresInline(reading, asked);
    }
    const found = new Map<ScenarioSpec, MaybeFigures>();
    const shares = this.#shares.map((share) => {
      const specs = share.specs.filter((spec) => asked.specs.includes(spec));
      return { share, specs };
    });
    for (const { share, specs } of shares) {
      const indices = specs.map((spec) => share.specs.indexOf(spec));
      send(share, {
        kind: "figures",
        reading: reading.form,
        asked: { ...asked, specs: indices },
      });
    }
    for (const { share, specs } of shares) {
      while (share.figures === null) {
        await this.#response();
      }
      for (const [n, figures] of share.figures.entries()) {
        found.set(specs[n]!, figures);
      }
    }
    return asked.specs.map((spec) => found.get(spec) ?? null);
  }

  whenReady(): Promise<void> | null {
    return this.#pool.taken < MAX_IN_USE ? null : this.#untilReady();
  }

  /** Ends the workers. Must be called at the end: the process would wait for them. */
  async close(): Promise<void> {
    const shares = this.#shares;
    this.#shares = [];
    await Promise.all(shares.map(({ worker }) => worker.terminate()));
  }

  async #untilReady(): Promise<void> {
    while (this.#pool.taken >= MAX_IN_USE) {
      await this.#response();
    }
  }

  #figuresInline(reading: Reading, asked: Asked): MaybeFigures[] {
    if (this.#start === null || this.#end === null) {
      return [];
    }
    const whatIfs = new WhatIfs(this.#start.origin, this.#start.specs);
    whatIfs.replay(
      this.#held.map(({ slot, inferences }) => ({ work: this.#workIn(slot), inferences })),
    );
    whatIfs.finish(this.#end.insertions, this.#end.exits);
    return whatIfs.figures(reading, asked);
  }

  #startWorkers(): void {
    if (this.#start === null) {
      return;
    }
    const { origin, specs } = this.#start;
    const severalThreads = this.#held.some(({ slot }) => hasSeveralThreads(this.#workIn(slot)));
    this.#shares = inShares(specs, this.#cores, severalThreads).map((share) =>
      this.#startWorker(share),
    );
    this.#startShares(origin);
    for (const [slot, work] of this.#pool.buffers.entries()) {
      this.#sendAll({ kind: "buffer", slot, work });
    }
  }

  #startWorker(specs: readonly ScenarioSpec[]): Share {
    // Replaying leaves almost no garbage, so a small young generation stays in the processor's cache.
    const worker = new Worker(this.#url, { resourceLimits: { maxYoungGenerationSizeMb: 1 } });
    const share: Share = { worker, specs, figures: null };
    worker.on("message", (response: Response) => {
      switch (response.kind) {
        case "figures":
          share.figures = response.figures;
          break;
        case "done":
          response.slots.forEach((slot) => {
            this.#replayed(slot);
          });
          break;
        default:
          throw new TypeError(`unknown response: ${JSON.stringify(response satisfies never)}`);
      }
      this.#wake();
    });
    worker.on("error", (error: Error) => this.#fail(error));
    worker.on("exit", (code) => this.#fail(new Error(`the what-if worker exited with ${code}`)));
    return share;
  }

  #startShares(origin: RecordedProcess): void {
    for (const share of this.#shares) {
      send(share, { kind: "start", origin, specs: share.specs });
    }
  }

  /** One more worker has replayed the batch in the slot. */
  #replayed(slot: number): void {
    this.#pending[slot]!--;
    if (this.#pending[slot] === 0) {
      this.#pool.release([slot]);
    }
  }

  #workIn(slot: number): Work {
    return this.#pool.buffers[slot]!;
  }

  /** Sends the oldest steps, as many as each what-if replays before the next one does. */
  #sendHeld(): void {
    const steps = this.#held.splice(0, STEPS_AT_ONCE);
    for (const { slot } of steps) {
      this.#pending[slot] = this.#shares.length;
    }
    this.#sendAll({ kind: "steps", steps });
  }

  /** Sends to all workers; to none before they have started. */
  #sendAll(request: Request): void {
    for (const share of this.#shares) {
      send(share, request);
    }
  }

  /** @throws Error a worker has failed */
  async #response(): Promise<void> {
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

function hasSeveralThreads({ batch: { length }, actions: { thread } }: Work): boolean {
  return thread.subarray(0, length).some((index) => index !== 0);
}

/** Groups for one core beside this thread's: with more there is a worker on this thread's core, too. */
const GROUPS_PER_CORE = 6;

/**
 * Shares the scenarios out: one share per core but this thread's, and one for that core, too, if there is so much to
 * replay that this thread finishes long before the workers. `severalThreads`: without that, most trials change nothing yet.
 */
export function inShares(
  specs: readonly ScenarioSpec[],
  cores: number,
  severalThreads: boolean,
): ScenarioSpec[][] {
  const groups = bySharing(specs);
  const replayed = groups.filter(
    (group) => severalThreads || group.some(({ trial }) => trial === undefined),
  );
  const count = replayed.length > GROUPS_PER_CORE * (cores - 1) ? cores : cores - 1;
  const shares: ScenarioSpec[][] = [];
  for (const [n, group] of groups.entries()) {
    shares[n % count] = [...(shares[n % count] ?? []), ...group];
  }
  return shares;
}

function send({ worker }: Share, request: Request): void {
  worker.postMessage(request);
}
