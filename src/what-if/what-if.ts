import { profileOf } from "../ptmalloc/profile.ts";
import { areSiblings } from "../ptmalloc/siblings.ts";
import type { Inferences } from "../replay/inferences.ts";
import { type Insertion, insertAll, replayBatch } from "../replay/insertions.ts";
import { endedOtherwise, endThreads, type LastExits } from "../replay/last-exits.ts";
import type { KeptWork } from "../replay/peak/kept-works.ts";
import { PeakPast } from "../replay/peak/peak-past.ts";
import type { Recycled } from "../replay/peak/recycled-runs.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Work } from "../replay/work.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { coin, SEEDS } from "./contention.ts";
import { followInferences } from "./follow-inferences.ts";
import { arenaLimitsOf } from "./late-arena-limits.ts";
import type { LateKind } from "./late-kind.ts";
import type { Replays } from "./rss-figures.ts";
import { atFirst, bySettingsOf } from "./sharing.ts";
import type { StepFacts } from "./step-facts.ts";

/**
 * The scenarios that share one model: they differ only in a malloc_trim at the end, and in settings that have no effect yet.
 * Of those that change who shares an arena there are several replays from the first thread on that has to: one with no arena
 * locked, and one per seed with random locks.
 */
export class WhatIf implements Replays {
  readonly specs: readonly ScenarioSpec[];
  readonly likeliest: Replay;
  readonly contended: Replay[] = [];
  otherwise: Replay | null = null;
  readonly #origin: RecordedProcess;
  readonly #recycled: Recycled<Replay>;
  /** of the likeliest replay */
  readonly #past: PeakPast<Replay>;
  /** kinds of settings that have no effect yet, and that some of the scenarios make */
  readonly #late: readonly LateKind[];
  /** what the scenarios share besides */
  readonly #common: ScenarioSpec;
  readonly #choosesArenas: boolean;

  /** `late`: kinds of settings that the replay lacks */
  constructor(
    origin: RecordedProcess,
    specs: readonly ScenarioSpec[],
    late: readonly LateKind[],
    replay: Replay,
    recycled: Recycled<Replay>,
    past = new PeakPast<Replay>((one) => one, recycled),
  ) {
    this.#origin = origin;
    this.specs = specs;
    this.likeliest = replay;
    this.#recycled = recycled;
    this.#past = past;
    this.#late = late.filter((kind) => specs.some((spec) => kind.of(spec).length > 0));
    this.#common = atFirst(specs[0]!, this.#late);
    this.#choosesArenas = choosesArenas(this.#common, origin);
  }

  /** The kind of settings that may take effect in a step that comes next; null if none does. */
  dueIn(facts: StepFacts): LateKind | null {
    const due = this.#late.find((kind) =>
      kind.mayMatter(facts, this.specs.flatMap(kind.of), this.likeliest),
    );
    return due ?? null;
  }

  /** Returns what-ifs in which the settings of a kind take effect in the step. This one must not be used any more. */
  divided(kind: LateKind, facts: StepFacts): WhatIf[] {
    const late = this.#late.filter((one) => one !== kind);
    const [first = [], ...others] = bySettingsOf(kind, this.specs);
    const twins = others.map((specs) => {
      const replay = this.#recycled.copyOf(this.likeliest);
      return { specs, replay, past: this.#past.share(replay) };
    });
    const own = { specs: first, replay: this.likeliest, past: this.#past };
    return [own, ...twins].map(({ specs, replay, past }) => {
      if (kind.of(specs[0]!).length > 0) {
        kind.apply(replay, specs[0]!, facts);
        // Earlier states lack them.
        past.close(replay);
      }
      return new WhatIf(this.#origin, specs, late, replay, this.#recycled, past);
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
    const begin = (replay: Replay) => followInferences(replay, this.#common, inferences);
    this.#past.readsEvery = inferences.isMeasured;
    this.#past.take(likeliest, { first, kept, insertions, begin });
    this.running.forEach(begin);
    const before = [...this.contended];
    let forkedAt = 0;
    if (before.length === 0 && this.#choosesArenas) {
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

/** True for a scenario in which other threads may share an arena than in the recorded run. Sibling versions choose alike. */
function choosesArenas(spec: ScenarioSpec, { profile }: RecordedProcess): boolean {
  const version = spec.glibc === null ? null : profileOf(spec.glibc);
  return (
    arenaLimitsOf(spec).length > 0 ||
    spec.cpus !== null ||
    (version !== null && !areSiblings(version, profile))
  );
}

function contendedCopy(replay: Replay, seed: number): Replay {
  const copy = replay.clone();
  copy.model.trylock = coin(seed);
  return copy;
}
