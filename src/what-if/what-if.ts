import { applySetting } from "../ptmalloc/settings.ts";
import type { Inferences } from "../replay/inferences.ts";
import { type Insertion, insertAll, replayBatch } from "../replay/insertions.ts";
import { endedOtherwise, endThreads, type LastExits } from "../replay/last-exits.ts";
import type { KeptWork } from "../replay/peak/kept-works.ts";
import { PeakPast, type Recycled } from "../replay/peak/peak-past.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { coin, SEEDS } from "./contention.ts";
import { followInferences } from "./follow-inferences.ts";
import type { Replays } from "./rss-figures.ts";
import { arenaLimitsOf, bySharing } from "./sharing.ts";

/**
 * The scenarios that share one model: they differ only in a malloc_trim at the end, and while the log has one thread also
 * in limits on arenas. From the first thread on that has to share an arena there are several replays: one with no arena
 * locked, and one per seed with random locks.
 */
export class WhatIf implements Replays {
  readonly specs: readonly ScenarioSpec[];
  readonly likeliest: Replay;
  readonly contended: Replay[] = [];
  otherwise: Replay | null = null;
  readonly #recycled: Recycled<Replay>;
  /** of the likeliest replay */
  readonly #past: PeakPast<Replay>;

  constructor(
    specs: readonly ScenarioSpec[],
    replay: Replay,
    recycled: Recycled<Replay>,
    past = new PeakPast<Replay>((one) => one, recycled),
  ) {
    this.specs = specs;
    this.likeliest = replay;
    this.#recycled = recycled;
    this.#past = past;
  }

  /**
   * Returns what-ifs whose scenarios have the same limits on arenas, which take effect now; this one must not be used any
   * more. Called before a second thread, and so before arenas are shared.
   */
  divided(): WhatIf[] {
    const [first = [], ...others] = bySharing(this.specs);
    // All before the first of them begins a stretch: its start has limits that others lack.
    const twins = others.map((specs) => ({
      specs,
      replay: this.#recycled.copyOf(this.likeliest),
      past: this.#past.share(),
    }));
    const own = { specs: first, replay: this.likeliest, past: this.#past };
    return [own, ...twins].map(({ specs, replay, past }) => {
      const limits = arenaLimitsOf(specs[0]!);
      for (const [name, value] of limits) {
        applySetting(replay.model.par, replay.model.profile, name, value);
      }
      if (limits.length > 0) {
        // Earlier states have no limits yet.
        past.begin(replay, this.#recycled.copyOf(replay));
      }
      return new WhatIf(specs, replay, this.#recycled, past);
    });
  }

  /** the replays that make the log's calls; `otherwise` exists only after its end */
  get running(): Replay[] {
    return [this.likeliest, ...this.contended];
  }

  /** Replays a batch with what was inferred from it. `kept` is a copy, to replay it again. */
  replay(work: Work, inferences: Inferences, kept: KeptWork): void {
    const { likeliest } = this;
    const { first, insertions } = inferences;
    const begin = (replay: Replay) => followInferences(replay, this.specs[0]!, inferences);
    this.#past.readsEvery = inferences.isMeasured;
    this.#past.take(likeliest, { first, kept, insertions, begin });
    this.running.forEach(begin);
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
    const { likeliest } = this;
    const end = (replay: Replay): void => {
      insertAll(replay, insertions);
      if (replay === likeliest) {
        this.otherwise = endedOtherwise(replay, exits);
      }
      endThreads(replay, exits);
      replay.finish();
    };
    this.#past.end(likeliest, end);
    this.running.forEach(end);
  }

  /** Returns the likeliest replay as it was when RSS, read so, was highest; null if that is unknown. */
  atPeak(reading: Reading): Replay | null {
    return this.#past.atPeak(this.likeliest, reading.plane);
  }

  /** Forgets what `atPeak` needs. */
  forgetPeak(): void {
    this.#past.forget();
  }
}

function contendedCopy(replay: Replay, seed: number): Replay {
  const copy = replay.clone();
  copy.model.trylock = coin(seed);
  return copy;
}
