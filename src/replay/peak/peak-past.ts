import type { Ptmalloc } from "../../ptmalloc/ptmalloc.ts";
import { bitOf, PLANE_POLICY, PLANES } from "../../ptmalloc/resident.ts";
import type { MomentEvent } from "../../trace/moment.ts";
import { type Insertion, replayUntil } from "../insertions.ts";
import type { Replay } from "../replay.ts";
import type { RssRecord } from "../rss-record.ts";
import type { KeptWork } from "./kept-works.ts";

/** A batch that a run has made, or the log's end: all that is needed to make it again. */
export interface PastStep<R> {
  /** number of the batch's first event */
  readonly first: number;
  /** null at the log's end */
  readonly kept: KeptWork | null;
  readonly insertions: readonly Insertion[];
  /** Does what comes before the first event. */
  readonly begin: (run: R) => void;
}

/** A run that can be copied. A copy may take the memory of another run. */
export interface Copyable<R> {
  clone(recycled: R | null): R;
}

/** Runs that are no longer used, whose memory copies take. */
export interface Recycled<R> {
  put(run: R): void;
  copyOf(run: R): R;
}

export class RecycledRuns<R extends Copyable<R>> implements Recycled<R> {
  readonly #runs: R[] = [];

  put(run: R): void {
    this.#runs.push(run);
  }

  copyOf(run: R): R {
    return run.clone(this.#runs.pop() ?? null);
  }
}

/** The state before a step, and the steps from it on. */
interface Stretch<R> {
  readonly start: R;
  /** number of the first event after `start` */
  readonly at: number;
  steps: PastStep<R>[];
  /** another past has the same start */
  isShared: boolean;
}

/** A complete stretch that has a moment which was asked for. */
interface KeptStretch<R> {
  readonly stretch: Stretch<R>;
  /** number of the first event after it */
  readonly end: number;
}

/** The planes from which a peak may be read (reading.ts), by number of their bits. */
const BITS = Array.from({ length: PLANES }, (_, bit) => bit);
const POLICY = bitOf(PLANE_POLICY);

/** A stretch has at least an event for so many words of its copied state: copying then takes a small part of the time. */
const WORDS_PER_EVENT = 8;
/** What copying a heap or an arena takes, and a thread, in words. */
const WORDS_PER_OBJECT = 200;
const WORDS_PER_THREAD = 50;

/**
 * What it takes to return to the moment when a run's RSS was highest, which only the log's end shows. The log is divided
 * into stretches; of each the state at its start is copied, and its steps are kept. A stretch in which no plane reached a
 * new peak is forgotten, unless it has another moment that was asked for. A stretch is as long as its copy is cheap beside
 * its replay.
 */
export class PeakPast<R extends Copyable<R>> {
  /** RSS may be read from other planes than that of the policy: it was measured */
  readsEvery = false;
  /** the last events up to the moments to which `atMoment` returns, as far as the log has been read */
  moments: readonly MomentEvent[] = [];
  readonly #replayOf: (run: R) => Replay;
  readonly #recycled: Recycled<R>;
  readonly #follow: (copy: R, run: R) => void;
  /** the latest stretch; null before the first */
  #latest: Stretch<R> | null = null;
  /** earlier stretches in which planes had their peaks so far, by number of the plane's bit */
  readonly #earlier = new Map<number, Stretch<R>>();
  /** earlier stretches that have the moments */
  #ofMoments: readonly KeptStretch<R>[] = [];
  /** the latest result of `atPeak`, which has event `end` to come */
  #found: { readonly run: R; readonly end: number } | null = null;

  /**
   * `recycled` may be shared with the pasts of other runs. `follow` makes a copy of an earlier state follow the rules of
   * `run`, where these may have changed for the past, too.
   */
  constructor(
    replayOf: (run: R) => Replay,
    recycled: Recycled<R> = new RecycledRuns<R>(),
    follow: (copy: R, run: R) => void = () => {},
  ) {
    this.#replayOf = replayOf;
    this.#recycled = recycled;
    this.#follow = follow;
  }

  /** Returns the past of a copy of the run. */
  share(): PeakPast<R> {
    const copy = new PeakPast(this.#replayOf, this.#recycled, this.#follow);
    copy.readsEvery = this.readsEvery;
    copy.moments = this.moments;
    copy.#ofMoments = this.#ofMoments.map(({ stretch, end }) => ({
      stretch: shared(stretch),
      end,
    }));
    copy.#latest = this.#latest && shared(this.#latest);
    const twins = new Map<Stretch<R>, Stretch<R>>();
    for (const [bit, stretch] of this.#earlier) {
      const twin = twins.get(stretch) ?? shared(stretch);
      twins.set(stretch, twin);
      copy.#earlier.set(bit, twin);
    }
    return copy;
  }

  /** Takes a step that `run` is about to make. */
  take(run: R, step: PastStep<R>): void {
    if (this.isDue(run)) {
      // First, because the copy takes the memory of what ends.
      this.#endStretch(this.#replayOf(run));
      this.begin(run, this.#recycled.copyOf(run));
    }
    this.add(step);
  }

  /** True if a new stretch should begin at the state of `run`. Forgets the stretches whose peaks were exceeded. */
  isDue(run: R): boolean {
    const { rss, model, state } = this.#replayOf(run);
    const latest = this.#latest;
    if (latest === null) {
      return true;
    }
    this.#forgetExceeded(latest, rss);
    return (state.event - latest.at) * WORDS_PER_EVENT >= wordsToCopy(model);
  }

  /** Begins a stretch at the state of `run`; `start` is a copy of it that nobody else uses. */
  begin(run: R, start: R): void {
    const replay = this.#replayOf(run);
    this.#endStretch(replay);
    this.#latest = { start, at: replay.state.event, steps: [], isShared: false };
  }

  /** Adds a step to the latest stretch. */
  add(step: PastStep<R>): void {
    this.#found = null;
    if (this.#latest !== null) {
      step.kept?.keep();
      this.#latest.steps.push(step);
    }
  }

  /** Gives the latest step other insertions. */
  changeLast(insertions: readonly Insertion[]): void {
    const last = this.#latest?.steps.pop();
    if (last !== undefined) {
      this.#latest?.steps.push({ ...last, insertions });
    }
  }

  /** The log ends: `end` does what `run` is about to do at its end. */
  end(run: R, end: (run: R) => void): void {
    const first = this.#replayOf(run).state.event;
    this.add({ first, kept: null, insertions: [], begin: end });
  }

  /**
   * Returns the state of `run`, which has ended, when the plane's RSS was highest: before the event that followed, and with
   * the program's write of the last call. It must not be changed. Null if it is unknown. Forgets what other planes need,
   * unless these have their peaks in the same stretch.
   */
  atPeak(run: R, plane: number): R | null {
    const bit = bitOf(plane);
    const { rss, model } = this.#replayOf(run);
    const { peak } = rss.pages[bit]!;
    // A trim at the end comes after the series.
    if (model.resident.pages[bit]! > peak) {
      return run;
    }
    const end = endOfPeak(rss, bit);
    if (this.#found?.end !== end) {
      this.#keepOnly(this.#stretchOf(rss, bit));
      this.#found = this.#latest && { run: this.#replay(this.#latest, run, end), end };
    }
    const found = this.#found?.run ?? null;
    // A log that contradicts itself may have led the run along a way that its past does not show.
    return found && this.#replayOf(found).model.resident.pages[bit] === peak ? found : null;
  }

  /**
   * Returns the state of `run`, which has ended, after the event of one of its moments and the program's write of that call.
   * It must not be changed. Null if the run did not come there. Must be called before `atPeak`, which forgets what it needs.
   */
  atMoment(run: R, moment: MomentEvent): R | null {
    const latest = this.#latest;
    const stretch =
      latest !== null && moment.event >= latest.at
        ? latest
        : this.#ofMoments.find((one) => isWithin(moment, one))?.stretch;
    if (stretch === undefined) {
      return null;
    }
    const step = stretch.steps.findLast(
      ({ kept, first }) => kept !== null && first <= moment.event,
    );
    const batch = step?.kept?.work.batch;
    if (step === undefined || batch === undefined) {
      return null;
    }
    const row = moment.isOfLine
      ? batch.line.subarray(0, batch.length).indexOf(moment.line)
      : moment.event - step.first;
    return row < 0 ? null : this.#replay(stretch, run, step.first + row + 1);
  }

  /** Replays a copy of a stretch's start until event `end` is to come. */
  #replay({ start, steps }: Stretch<R>, run: R, end: number): R {
    const copy = this.#recycled.copyOf(start);
    this.#follow(copy, run);
    for (const { first, kept, insertions, begin } of steps) {
      if (first > end) {
        break;
      }
      begin(copy);
      if (kept !== null) {
        replayUntil(this.#replayOf(copy), kept.work, first, insertions, end);
      }
    }
    this.#replayOf(copy).settle();
    return copy;
  }

  #keepOnly(stretch: Stretch<R> | null): void {
    const others = new Set(this.#earlier.values());
    if (this.#latest !== null) {
      others.add(this.#latest);
    }
    for (const one of others) {
      if (one !== stretch) {
        this.#drop(one);
      }
    }
    this.#earlier.clear();
    this.#latest = stretch;
  }

  /** Forgets everything. */
  forget(): void {
    this.#keepOnly(null);
    this.#found = null;
    this.#keepMoments([]);
  }

  /** Keeps the stretches that one of the moments lies in. */
  #keepMoments(moments: readonly MomentEvent[]): void {
    const needed = this.#ofMoments.filter((kept) => moments.some((one) => isWithin(one, kept)));
    for (const kept of this.#ofMoments) {
      if (!needed.includes(kept)) {
        this.#drop(kept.stretch);
      }
    }
    this.#ofMoments = needed;
  }

  #stretchOf(rss: RssRecord, bit: number): Stretch<R> | null {
    const latest = this.#latest;
    return latest !== null && hasPeakIn(latest, rss, bit)
      ? latest
      : (this.#earlier.get(bit) ?? null);
  }

  /** The latest stretch is complete: keeps as much of it as the moment and the peaks so far need. */
  #endStretch({ rss, state }: Replay): void {
    const latest = this.#latest;
    if (latest === null) {
      return;
    }
    this.#latest = null;
    const { moments } = this;
    if (moments.length > 0) {
      // A moment that is given by time comes later with each batch, until the log is past it.
      this.#keepMoments(moments);
      const ended = { stretch: latest, end: state.event };
      if (moments.some((one) => isWithin(one, ended))) {
        this.#ofMoments = [...this.#ofMoments, { ...ended, stretch: shared(latest) }];
      }
    }
    this.#forgetExceeded(latest, rss);
    const bits = BITS.filter((bit) => hasPeakIn(latest, rss, bit));
    const read = bits.filter((bit) => this.#isRead(bit));
    if (read.length === 0) {
      this.#drop(latest);
      return;
    }
    const end = Math.max(...read.map((bit) => endOfPeak(rss, bit)));
    for (const bit of bits) {
      if (endOfPeak(rss, bit) <= end) {
        this.#earlier.set(bit, latest);
      }
    }
    const needed = latest.steps.filter(({ first }) => first <= end);
    release(latest.steps.slice(needed.length));
    latest.steps = needed;
  }

  /** Forgets the stretches whose peaks were exceeded in the latest one. */
  #forgetExceeded(latest: Stretch<R>, rss: RssRecord): void {
    const before = new Set(this.#earlier.values());
    for (const bit of this.#earlier.keys()) {
      if (hasPeakIn(latest, rss, bit)) {
        this.#earlier.delete(bit);
      }
    }
    for (const stretch of before) {
      const bits = [...this.#earlier].filter(([, one]) => one === stretch).map(([bit]) => bit);
      if (bits.some((bit) => this.#isRead(bit))) {
        continue;
      }
      for (const bit of bits) {
        this.#earlier.delete(bit);
      }
      this.#drop(stretch);
    }
  }

  #isRead(bit: number): boolean {
    return this.readsEvery || bit === POLICY;
  }

  #drop({ start, steps, isShared }: Stretch<R>): void {
    release(steps);
    if (!isShared) {
      this.#recycled.put(start);
    }
  }
}

/** RSS counts at the end of an event: when the next one begins, in whose stretch the peak lies. */
function endOfPeak({ pages }: RssRecord, bit: number): number {
  return pages[bit]!.peakEvent + 1;
}

function isWithin<R>({ event }: MomentEvent, { stretch, end }: KeptStretch<R>): boolean {
  return event >= stretch.at && event < end;
}

function hasPeakIn<R>({ at }: Stretch<R>, rss: RssRecord, bit: number): boolean {
  return endOfPeak(rss, bit) >= at;
}

/** Returns the stretch for another past. */
function shared<R>(stretch: Stretch<R>): Stretch<R> {
  stretch.isShared = true;
  for (const { kept } of stretch.steps) {
    kept?.keep();
  }
  return { ...stretch, steps: [...stretch.steps] };
}

function release<R>(steps: readonly PastStep<R>[]): void {
  for (const { kept } of steps) {
    kept?.release();
  }
}

function wordsToCopy({ chunks, mappings, heaps, arenas, threads }: Ptmalloc): number {
  const objects = (heaps.length + arenas.length) * WORDS_PER_OBJECT;
  return chunks.words.length + mappings.length + objects + threads.count * WORDS_PER_THREAD;
}
