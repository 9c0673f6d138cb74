import { profileOf } from "../ptmalloc/profile.ts";
import { areSiblings } from "../ptmalloc/siblings.ts";
import { type Insertion, insertAll, replayBatch } from "../replay/insertions.ts";
import { endedOtherwise, endThreads, type LastExits } from "../replay/last-exits.ts";
import type { KeptWork } from "../replay/peak/kept-works.ts";
import { PeakPast } from "../replay/peak/peak-past.ts";
import type { Recycled } from "../replay/peak/recycled-runs.ts";
import type { RecordedProcess } from "../replay/recorded-process.ts";
import type { Replay } from "../replay/replay.ts";
import type { ScenarioSpec } from "../replay/scenario-spec.ts";
import type { Reading } from "../replay/writes/reading.ts";
import { coin } from "./contention.ts";
import { followInferences } from "./follow-inferences.ts";
import { arenaLimitsOf, mayNeedMoreArenas } from "./late-arena-limits.ts";
import type { LateKind } from "./late-kind.ts";
import { DRIFTS, type OtherOrders } from "./other-orders.ts";

import type { Replays } from "./rss-figures.ts";
import { atFirst, bySettingsOf } from "./sharing.ts";
import type { Step, StepFacts } from "./step-facts.ts";
import type { Reordered } from "./thread-drift.ts";

export interface KeptStep extends Step {
  readonly facts: StepFacts;
  /** a copy of the work */
  readonly kept: KeptWork;
}

/** Returns the other orders that begin with event number `first`; blocks that live then have ids below `ids`. */
export type OrdersFrom = (first: number, ids: number) => OtherOrders;

/**
 * The scenarios that share one model: they differ only in a malloc_trim at the end, and in settings that have no effect yet.
 * Of those that change who shares an arena there are several replays from the first call on whose thread has to: one in the log's
 * order, with no arena locked, and one for each other order that threads may have had, with random locks.
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
  /** the orders of the calls in the contended replays; null: there are none yet */
  #orders: OtherOrders | null = null;

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

  /** Replays a step. `ordersFrom` returns the orders that begin at an event. */
  replay({ work, inferences, kept, facts }: KeptStep, orders: OrdersFrom): void {
    const { likeliest } = this;
    const { first, insertions } = inferences;
    const begin = (replay: Replay) => followInferences(replay, this.#common, inferences);
    this.#past.readsEvery = inferences.isMeasured;
    this.#past.take(likeliest, { first, kept, insertions, begin });
    begin(likeliest);
    if (this.#orders === null && this.#choosesArenas && mayShareArenas(facts, likeliest)) {
      likeliest.onArenaReuse = (row) => {
        this.#orders = orders(first + row, likeliest.blockIds);
        DRIFTS.forEach(({ seed }) => {
          this.contended.push(contendedCopy(likeliest, seed));
        });
      };
    }
    replayBatch(likeliest, work, first, insertions);
    likeliest.onArenaReuse = null;
    this.contended.forEach(begin);
    this.#replayOthers(this.#orders?.of({ work, inferences }));
  }

  #replayOthers(orders: readonly Reordered[][] = []): void {
    for (const [n, order] of orders.entries()) {
      for (const { work, first, insertions } of order) {
        replayBatch(this.contended[n]!, work, first, insertions);
      }
    }
  }

  /** The log ends: applies its last insertions and ends the threads that have ended. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    const { likeliest } = this;
    const end = (replay: Replay): void => {
      endThreads(replay, exits);
      replay.finish();
    };
    const endLikeliest = (replay: Replay): void => {
      insertAll(replay, insertions);
      if (replay === likeliest) {
        this.otherwise = endedOtherwise(replay, exits);
      }
      end(replay);
    };
    this.#past.end(likeliest, endLikeliest);
    endLikeliest(likeliest);
    this.#replayOthers(this.#orders?.end(insertions));
    this.contended.forEach(end);
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

/** True if a thread may have to share an arena in the step. */
function mayShareArenas(facts: StepFacts, replay: Replay): boolean {
  const { par, cpus } = replay.model;
  return mayNeedMoreArenas(par.arenaMax === 0 ? 8 * cpus : par.arenaMax, facts, replay);
}

function contendedCopy(replay: Replay, seed: number): Replay {
  const copy = replay.clone();
  copy.model.trylock = coin(seed);
  return copy;
}
