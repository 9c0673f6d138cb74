import { type Insertion, insertAll, type Sbrk } from "../replay/insertions.ts";
import type { KeptWork } from "../replay/peak/kept-works.ts";
import { PeakPast } from "../replay/peak/peak-past.ts";
import type { Recycled } from "../replay/peak/recycled-runs.ts";
import type { PastStep } from "../replay/peak/stretch.ts";
import type { ReplayedBatch } from "../replay/work.ts";
import type { MomentEvent } from "../trace/moment.ts";
import type { RecentPast } from "./explain/past.ts";
import type { BatchBeginning, GuidedReplay } from "./guided-replay.ts";

const REPLAY_OF = ({ replay }: GuidedReplay) => replay;

/** A run that was split off follows the rules of a sibling version, under which its past would have been the same. */
function followRules(copy: GuidedReplay, { model: { profile } }: GuidedReplay): void {
  if (copy.model.profile !== profile) {
    copy.model.adopt(profile);
  }
}

/**
 * What it takes to return to the peak of a recorded run, or to moments that were asked for. A batch that may yet be
 * explained otherwise is taken only when the run's recent past forgets it.
 */
export class RecordedPeak {
  #past: PeakPast<GuidedReplay>;
  readonly #recycled: Recycled<GuidedReplay>;
  /** insertions of the batch that the run is making; null: its recent past has them */
  #insertions: readonly Insertion[] | null = null;

  /** `recycled`: shared with other runs */
  constructor(recycled: Recycled<GuidedReplay>) {
    this.#recycled = recycled;
    this.#past = this.#noPast();
  }

  /** RSS was measured, and may decide from which planes it is read */
  set isMeasured(is: boolean) {
    this.#past.readsEvery = is;
  }

  get isMeasured(): boolean {
    return this.#past.readsEvery;
  }

  /** the last events up to the moments to which `atMoment` returns, as far as the log has been read */
  set moments(moments: readonly MomentEvent[]) {
    this.#past.moments = moments;
  }

  /** Takes a batch that the run is about to make and that nothing will explain. */
  take(
    guided: GuidedReplay,
    kept: KeptWork,
    first: number,
    logged: readonly Insertion[],
    next: ReplayedBatch | null,
  ): void {
    const begin = guided.beginning(next);
    this.#insertions = logged;
    this.#past.take(guided, stepOf(kept, first, logged, begin));
  }

  /** A move of the break was found in the batch that the run is making. */
  addSbrk(move: Sbrk): void {
    if (this.#insertions !== null) {
      this.#insertions = [...this.#insertions, move].sort((a, b) => a.before - b.before);
      this.#past.changeLast(this.#insertions);
    }
  }

  /** Takes over the batches of a recent past, which forgets them. `guided` has made them, and no others since. */
  settle(recent: RecentPast, guided: GuidedReplay): void {
    this.#insertions = null;
    this.#past.defer(guided);
    const start = recent.startState;
    if (start === null) {
      return;
    }
    const begins = this.#past.needsStretch(start, guided);
    if (begins) {
      this.#past.begin(start, start);
    }
    for (const [n, { kept, first, begin }] of recent.batches.entries()) {
      const early = n === 0 ? recent.insertions.filter(({ before }) => before < first) : [];
      const beginning: BatchBeginning = (run, work) => {
        // An exit may turn out to have come before the recent past.
        insertAll(run.replay, early);
        begin(run, work);
      };
      this.#past.add(stepOf(kept, first, insertionsIn(recent, n), beginning));
    }
    if (begins) {
      recent.forgetAllButStart();
    } else {
      recent.forget();
    }
  }

  /** The log ends: `end` does what the run is about to do at its end. */
  end(guided: GuidedReplay, end: (guided: GuidedReplay) => void): void {
    this.#past.end(guided, end);
  }

  /** Returns the same for `guided`, a copy of the run, as long as neither has gone on. */
  share(guided: GuidedReplay): RecordedPeak {
    const copy = new RecordedPeak(this.#recycled);
    copy.#past = this.#past.share(guided);
    copy.#insertions = this.#insertions;
    return copy;
  }

  /** Gives back the memory that `atPeak` needs. */
  forget(): void {
    this.#past = this.#noPast();
  }

  /** Another run is the best: the states of its past take the memory of the chunks of `guided`, which none reads any more. */
  retire(guided: GuidedReplay): void {
    this.forget();
    this.#recycled.put(guided);
  }

  #noPast(): PeakPast<GuidedReplay> {
    return new PeakPast(REPLAY_OF, this.#recycled, followRules);
  }

  /**
   * Returns the run as it was at one of the moments; null if that is unknown. Must be called before `atPeak`, which forgets
   * what it needs.
   */
  atMoment(guided: GuidedReplay, moment: MomentEvent): GuidedReplay | null {
    return this.#past.atMoment(guided, moment);
  }

  /** Returns the run as it was when the plane's RSS was highest; null if that is unknown. */
  atPeak(guided: GuidedReplay, plane: number): GuidedReplay | null {
    return this.#past.atPeak(guided, plane);
  }
}

function stepOf(
  kept: KeptWork,
  first: number,
  insertions: readonly Insertion[],
  begin: BatchBeginning,
): PastStep<GuidedReplay> {
  return { first, kept, insertions, begin: (run) => begin(run, kept.work) };
}

/** Returns the insertions of the n-th batch. Those between two batches come after the beginning of the later one. */
function insertionsIn({ batches, insertions }: RecentPast, n: number): Insertion[] {
  const from = batches[n]!.first;
  const to = batches[n + 1]?.first ?? Number.POSITIVE_INFINITY;
  return insertions.filter(({ before }) => before >= from && before < to);
}
