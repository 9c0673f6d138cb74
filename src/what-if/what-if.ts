import type { Profile } from "../ptmalloc/profile.ts";
import type { ScenarioSpec } from "../replay/analysis-options.ts";
import { endedOtherwise, endThreads, type LastExits } from "../replay/last-exits.ts";
import type { ScenarioRun } from "../replay/scenario-run.ts";
import { type Insertion, insert, replayBatch, type Work } from "../replay/work.ts";
import { coin, SEEDS } from "./contention.ts";
import type { Replays } from "./rss-figures.ts";

/**
 * The what-ifs that one model serves: they differ in a malloc_trim at the end only. From the first thread on that has
 * to share an arena with others, the run is several: its arenas' locks were free, or held as the seeds have it.
 */
export class WhatIf {
  readonly specs: readonly ScenarioSpec[];
  readonly run: ScenarioRun;
  /** the same calls where other locks were held; none where no thread ever had a choice */
  readonly contended: ScenarioRun[] = [];

  /** the run if threads that may have ended did not, and the other way round; null where all is known */
  otherwise: ScenarioRun | null = null;

  constructor(specs: readonly ScenarioSpec[], run: ScenarioRun) {
    this.specs = specs;
    this.run = run;
  }

  get runs(): ScenarioRun[] {
    return [this.run, ...this.contended];
  }

  get replays(): Replays {
    const { run, contended, otherwise } = this;
    return { run, contended, otherwise };
  }

  /** Replays a batch whose first event has number `first`, with what is inserted among them. */
  replay(work: Work, first: number, insertions: readonly Insertion[]): void {
    const { run } = this;
    const before = [...this.contended];
    let forkedAt = 0;
    if (before.length === 0) {
      run.turns.onReuse = (i) => {
        forkedAt = i;
        for (const seed of SEEDS) {
          this.contended.push(contendedRun(run, seed));
        }
      };
    }
    replayBatch(run, work, first, insertions);
    run.turns.onReuse = null;
    for (const one of before) {
      replayBatch(one, work, first, insertions);
    }
    if (before.length === this.contended.length) {
      return;
    }
    // What was inserted up to the fork, the copies have behind them.
    const left = insertions.filter((insertion) => insertion.before > first + forkedAt);
    for (const one of this.contended) {
      replayBatch(one, work, first, left, forkedAt);
    }
  }

  /** The end of the log, and of threads. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    for (const run of this.runs) {
      for (const one of insertions) {
        insert(run, one);
      }
      if (run === this.run) {
        this.otherwise = endedOtherwise(run, exits);
      }
      endThreads(run, exits);
      run.finish();
    }
  }

  /** CPUs of the recorded process have shown. */
  tellCpus(cpus: number): void {
    if (this.specs[0]?.cpus !== null) {
      return;
    }
    for (const { model } of this.runs) {
      model.cpus = cpus;
    }
  }

  /** The run as recorded has found `bytes` in use that no line of the log tells of. */
  tellUnlogged(bytes: number): void {
    for (const run of this.runs) {
      run.holdBeside(bytes);
    }
  }

  /** The recorded process was of another version, and so is this one unless its own was given. */
  adopt(profile: Profile): void {
    if (this.specs[0]?.glibc !== null) {
      return;
    }
    for (const { model } of this.runs) {
      model.adopt(profile);
    }
  }
}

function contendedRun(run: ScenarioRun, seed: number): ScenarioRun {
  const copy = run.clone();
  copy.model.trylock = coin(seed);
  return copy;
}
