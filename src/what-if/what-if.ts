import { applySetting } from "../ptmalloc/settings.ts";
import type { Inferences } from "../replay/inferences.ts";
import { type Insertion, insertAll, replayBatch } from "../replay/insertions.ts";
import { endedOtherwise, endThreads, type LastExits } from "../replay/last-exits.ts";
import type { KeptWork } from "../replay/peak/kept-works.ts";
import { PeakPast } from "../replay/peak/peak-past.ts";
import type { Recycled } from "../replay/peak/recycled-runs.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { coin, SEEDS } from "./contention.ts";
import { Interleaving } from "./interleaving.ts";
import { followInferences } from "./follow-inferences.ts";
import { arenaLimitsOf, type LateKind, type StepFacts } from "./late-settings.ts";
import type { Replays } from "./rss-figures.ts";
import { bySettingsOf } from "./sharing.ts";

/**
 * The scenarios that share one model: they differ only in a malloc_trim at the end, and in settings that have no effect yet.
 * Of those that change who shares an arena there are several replays from the first thread on that has to: one with no arena
 * locked, and one per seed with random locks.
 */
export class WhatIf implements Replays {
  specs: readonly ScenarioSpec[];
  readonly likeliest: Replay;
  readonly contended: Replay[] = [];
  otherwise: Replay | null = null;
  readonly #recycled: Recycled<Replay>;
  /** of the likeliest replay */
  readonly #past: PeakPast<Replay>;
  /** kinds of settings that have no effect yet, and that some of the scenarios make */
  readonly #late: readonly LateKind[];
  readonly #choosesArenas: boolean;
  readonly #orders: Interleaving[] = [];

  /** `late`: kinds of settings that the replay lacks */
  constructor(
    specs: readonly ScenarioSpec[],
    late: readonly LateKind[],
    replay: Replay,
    recycled: Recycled<Replay>,
    past = new PeakPast<Replay>((one) => one, recycled),
  ) {
    this.specs = specs;
    this.likeliest = replay;
    this.#recycled = recycled;
    this.#past = past;
    this.#late = late.filter((kind) => specs.some((spec) => kind.of(spec).length > 0));
    this.#choosesArenas = specs.some(choosesArenas);
  }

  /** The log has several threads. Returns false if none of the scenarios is of use then: this must not be used any more. */
  hasSeveralThreads(): boolean {
    this.specs = this.specs.filter((spec) => spec.trial !== "ofOneThread");
    if (this.specs.length > 0) {
      return true;
    }
    this.#past.forget();
    this.#recycled.put(this.likeliest);
    return false;
  }

  /** The kind of settings that may take effect in a step that comes next; null if none does. */
  dueIn(facts: StepFacts): LateKind | null {
    const due = this.#late.find((kind) => kind.mayMatter(facts, this.specs.flatMap(kind.of)));
    return due ?? null;
  }

  /** Returns what-ifs in which the settings of a kind have taken effect. This one must not be used any more. */
  divided(kind: LateKind): WhatIf[] {
    const late = this.#late.filter((one) => one !== kind);
    const [first = [], ...others] = bySettingsOf(kind, this.specs);
    const twins = others.map((specs) => {
      const replay = this.#recycled.copyOf(this.likeliest);
      return { specs, replay, past: this.#past.share(replay) };
    });
    const own = { specs: first, replay: this.likeliest, past: this.#past };
    return [own, ...twins].map(({ specs, replay, past }) => {
      const settings = kind.of(specs[0]!);
      for (const [name, value] of settings) {
        applySetting(replay.model.par, replay.model.profile, name, value);
      }
      if (settings.length > 0) {
        // Earlier states lack them.
        past.close(replay);
      }
      return new WhatIf(specs, late, replay, this.#recycled, past);
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
    if (this.contended.length === 0 && this.#choosesArenas && hasSeveral(work)) {
      for (const seed of SEEDS) {
        this.contended.push(contendedCopy(likeliest, seed));
        this.#orders.push(new Interleaving(seed));
      }
    }
    replayBatch(likeliest, work, first, insertions);
    for (const [n, one] of this.contended.entries()) {
      const other = this.#orders[n]!.of(work, first, insertions);
      replayBatch(one, other.work, first, other.insertions);
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

/** True for a scenario in which other threads may share an arena than in the recorded run. */
function choosesArenas(spec: ScenarioSpec): boolean {
  return arenaLimitsOf(spec).length > 0 || spec.cpus !== null || spec.glibc !== null;
}

function contendedCopy(replay: Replay, seed: number): Replay {
  const copy = replay.clone();
  copy.model.trylock = coin(seed);
  return copy;
}

function hasSeveral({ batch, actions }: Work): boolean {
  for (let i = 0; i < batch.length; i++) {
    if (actions.thread[i] !== 0) {
      return true;
    }
  }
  return false;
}
