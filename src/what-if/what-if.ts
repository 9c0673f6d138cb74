import type { Profile } from "../ptmalloc/profile.ts";
import { type Insertion, insert, replayBatch } from "../replay/insertions.ts";
import { endedOtherwise, endThreads, type LastExits } from "../replay/last-exits.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Work } from "../replay/work.ts";
import { coin, SEEDS } from "./contention.ts";
import type { Replays } from "./rss-figures.ts";

/**
 * The scenarios that share one model: they differ only in a malloc_trim at the end. From the first thread on that has to
 * share an arena there are several replays: one with no arena locked, and one per seed with random locks.
 */
export class WhatIf implements Replays {
  readonly specs: readonly ScenarioSpec[];
  readonly likeliest: Replay;
  readonly contended: Replay[] = [];
  otherwise: Replay | null = null;

  constructor(specs: readonly ScenarioSpec[], replay: Replay) {
    this.specs = specs;
    this.likeliest = replay;
  }

  /** the replays that make the log's calls; `otherwise` exists only after its end */
  get running(): Replay[] {
    return [this.likeliest, ...this.contended];
  }

  /** Replays a batch whose first event has number `first`, with the insertions among its calls. */
  replay(work: Work, first: number, insertions: readonly Insertion[]): void {
    const { likeliest } = this;
    const before = [...this.contended];
    let forkedAt = 0;
    if (before.length === 0) {
      likeliest.onArenaReuse = (i) => {
        forkedAt = i;
        for (const seed of SEEDS) {
          this.contended.push(contendedCopy(likeliest, seed));
        }
      };
    }
    replayBatch(likeliest, work, first, insertions);
    likeliest.onArenaReuse = null;
    for (const one of before) {
      replayBatch(one, work, first, insertions);
    }
    if (before.length === this.contended.length) {
      return;
    }
    // The copies already contain the insertions up to the fork.
    const left = insertions.filter((insertion) => insertion.before > first + forkedAt);
    for (const one of this.contended) {
      replayBatch(one, work, first, left, forkedAt);
    }
  }

  /** The log ends: applies its last insertions and ends the threads that have ended. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    for (const replay of this.running) {
      for (const one of insertions) {
        insert(replay, one);
      }
      if (replay === this.likeliest) {
        this.otherwise = endedOtherwise(replay, exits);
      }
      endThreads(replay, exits);
      replay.finish();
    }
  }

  /** Sets the CPUs of the recorded process, unless the scenario has its own. */
  setCpus(cpus: number): void {
    if (this.specs[0]?.cpus !== null) {
      return;
    }
    for (const { model } of this.running) {
      model.cpus = cpus;
    }
  }

  /** Sets the bytes in use that the recorded run found to be allocated outside the log. */
  setUnlogged(bytes: number): void {
    for (const replay of this.running) {
      replay.holdOutside(bytes);
    }
  }

  /** Follows another version from now on, unless the scenario has its own. */
  adopt(profile: Profile): void {
    if (this.specs[0]?.glibc !== null) {
      return;
    }
    for (const { model } of this.running) {
      model.adopt(profile);
    }
  }
}

function contendedCopy(replay: Replay, seed: number): Replay {
  const copy = replay.clone();
  copy.model.trylock = coin(seed);
  return copy;
}
