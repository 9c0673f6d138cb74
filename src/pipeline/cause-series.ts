import { type CauseBytes, causesOf } from "../insight/causes/causes.ts";
import type { Candidate } from "../recorded/candidate.ts";
import type { Detection } from "../recorded/detection.ts";
import type { RecordedRun } from "../recorded/recorded-run.ts";
import { EVENTS_PER_BATCH } from "../trace/columns.ts";
import type { Ledger } from "../trace/ledger/ledger.ts";

/**
 * So many events are between two walks at least, and so many for each live block: together the walks take 2 to 6 % of the
 * time of a report that shows them.
 */
const MIN_EVENTS = EVENTS_PER_BATCH;
const EVENTS_PER_BLOCK = 0.75;
/** At so many samples every second one is dropped. Even, so that the last one stays. */
const MAX_SAMPLES = 16;

/** Why the memory of the recorded run was resident at one moment, in each plane (resident.ts). */
export interface CauseSample {
  /** of the log, before it */
  readonly events: number;
  /** µs on the log's clock; NaN when unknown */
  readonly time: number;
  readonly causes: CauseBytes;
  /** resident pages */
  readonly pages: ArrayLike<number>;
}

/**
 * Why the memory of the recorded run was resident over the log. Causes are found by walking all chunks, so there are a few
 * dozen samples between batches, fewer while there are many blocks. An explanation found later may still change the last
 * few batches; their causes hardly differ.
 */
export class CauseSeries {
  #samples: CauseSample[] = [];
  #nextEvents = 0;
  #eventsApart = MIN_EVENTS;
  #best: Pick<Candidate, "origin" | "recorded"> | null = null;

  /** Becomes a copy of `from`. */
  copy(from: CauseSeries): void {
    this.#samples = [...from.#samples];
    this.#nextEvents = from.#nextEvents;
    this.#eventsApart = from.#eventsApart;
    this.#best = from.#best;
  }

  /** The samples, oldest first. */
  get samples(): readonly CauseSample[] {
    return this.#samples;
  }

  /** Takes a sample of the likeliest candidate, if it is time for one. It must have replayed all events of the ledger. */
  takeIfDue({ best }: Pick<Detection, "best">, { events, clock, blocks }: Ledger): void {
    if (events < this.#nextEvents) {
      return;
    }
    this.#follow(best.origin, best.recorded);
    const { replay } = best.recorded.guided;
    this.#samples.push({
      events,
      time: clock.last,
      causes: causesOf(replay.model, replay, replay.outsideBytes),
      pages: replay.model.resident.pages.slice(),
    });
    if (this.#samples.length === MAX_SAMPLES) {
      this.#samples = this.#samples.filter((_, i) => i % 2 === 1);
      this.#eventsApart = events / this.#samples.length;
    }
    const walk = blocks.liveBlocks * EVENTS_PER_BLOCK;
    this.#nextEvents = events + Math.max(this.#eventsApart, walk);
  }

  /** The samples of a version that was ruled out say nothing about this one, unless both shared a run. */
  #follow(origin: Candidate["origin"], recorded: RecordedRun): void {
    const isSame = this.#best?.origin === origin || this.#best?.recorded === recorded;
    if (!isSame) {
      this.#samples = [];
    }
    this.#best = { origin, recorded };
  }
}
