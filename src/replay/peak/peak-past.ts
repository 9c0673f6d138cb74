import { bitOf, PLANE_POLICY, PLANES } from "../../ptmalloc/resident.ts";
import type { MomentEvent } from "../../trace/moment.ts";
import type { Insertion } from "../insertions.ts";
import type { Replay } from "../replay.ts";
import type { RssRecord } from "../rss-record.ts";
import { type Copyable, type Recycled, RecycledRuns } from "./recycled-runs.ts";
import {
  endOfPeak,
  hasPeakIn,
  isWithin,
  type LeftStep,
  makeSteps,
  type PastStep,
  release,
  type Stretch,
  shared,
} from "./stretch.ts";

/** The planes from which a peak may be read (reading.ts), by number of their bits. */
const BITS = Array.from({ length: PLANES }, (_, bit) => bit);
const POLICY = bitOf(PLANE_POLICY);

/** A stretch has at least an event for so many words of its copied state: copying then takes a small part of the time. */
const WORDS_PER_EVENT = 8;

/**
 * What it takes to return to the moment when a run's RSS was highest, which only the log's end shows. Stretches of the log
 * are kept: the state at the start of each is copied, and its steps are kept. A stretch begins at an event at which RSS is
 * higher than ever before, and is as long as its copy is cheap beside its replay. It is forgotten when RSS exceeds its peak
 * later, unless it has another moment that was asked for.
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
  /** the step that the run makes while no stretch goes on; null: it makes none */
  #coming: PastStep<R> | null = null;
  /** earlier stretches in which planes had their peaks so far, by number of the plane's bit */
  readonly #earlier = new Map<number, Stretch<R>>();
  /** earlier stretches that have the moments */
  #ofMoments: readonly Stretch<R>[] = [];
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

  /** Returns the past of `run`, a copy of the run, which may be in the middle of a step. */
  share(run: R): PeakPast<R> {
    const copy = new PeakPast(this.#replayOf, this.#recycled, this.#follow);
    copy.readsEvery = this.readsEvery;
    copy.moments = this.moments;
    copy.#ofMoments = this.#ofMoments.map((stretch) => shared(stretch));
    copy.#latest = this.#latest && shared(this.#latest);
    copy.#coming = this.#coming;
    const twins = new Map<Stretch<R>, Stretch<R>>();
    for (const [bit, stretch] of this.#earlier) {
      const twin = twins.get(stretch) ?? shared(stretch);
      twins.set(stretch, twin);
      copy.#earlier.set(bit, twin);
    }
    copy.#watch(run);
    return copy;
  }

  /** Takes a step that `run` is about to make. */
  take(run: R, step: PastStep<R>): void {
    if (this.needsStretch(run, run)) {
      this.#beginCopy(run);
    }
    this.#addComing(run, step);
  }

  /** The log ends: `end` does what `run` is about to do at its end. */
  end(run: R, end: (run: R) => void): void {
    const first = this.#replayOf(run).state.event;
    this.#addComing(run, { first, kept: null, insertions: [], begin: end });
  }

  /** Steps that the run is about to make will be added later, if at all. */
  defer(run: R): void {
    this.#coming = null;
    this.#watch(run);
  }

  /** Begins a stretch where `run` reaches a new peak in its step, unless one goes on. */
  #watch(run: R): void {
    const onPeak = (planes: number): void => this.#reachPeak(run, planes);
    this.#replayOf(run).onPeak = this.#coming === null ? null : onPeak;
  }

  #addComing(run: R, step: PastStep<R>): void {
    this.#coming = this.#isOpen ? null : step;
    this.add(step);
    this.#watch(run);
  }

  /** `run` has reached a new peak in the step. */
  #reachPeak(run: R, planes: number): void {
    const step = this.#coming;
    if (step !== null && BITS.some((bit) => this.#isRead(bit) && (planes & (1 << bit)) !== 0)) {
      this.defer(run);
      this.#beginCopy(run);
      this.#add({ ...step, from: this.#replayOf(run).state.event });
    }
  }

  #beginCopy(run: R): void {
    // First, because the copy takes the memory of what ends.
    this.#endStretch(this.#replayOf(run));
    this.begin(run, this.#recycled.copyOf(run));
  }

  /** true while the latest stretch takes steps */
  get #isOpen(): boolean {
    return this.#latest?.end === Number.POSITIVE_INFINITY;
  }

  /**
   * True if a stretch should begin at the state of `before`, with the steps from there to `run`; with the next one if that
   * is the same state. Closes the latest stretch if it is long enough, and forgets those whose peaks were exceeded.
   */
  needsStretch(before: R, run: R): boolean {
    const { rss, model, state } = this.#replayOf(before);
    const latest = this.#latest;
    if (latest === null) {
      return true;
    }
    this.#forgetExceeded(latest, rss);
    if ((state.event - latest.at) * WORDS_PER_EVENT >= model.copiedWords) {
      this.close(before);
    }
    const now = this.#replayOf(run).rss;
    return (
      !this.#isOpen &&
      (this.moments.some(({ event }) => event >= state.event) ||
        BITS.some((bit) => this.#isRead(bit) && endOfPeak(now, bit) >= state.event))
    );
  }

  /** The latest stretch ends before the state of `run`. */
  close(run: R): void {
    if (this.#isOpen) {
      this.#latest!.end = this.#replayOf(run).state.event;
    }
  }

  /** Begins a stretch at the state of `run`; `start` is a copy of it that nobody else uses. */
  begin(run: R, start: R): void {
    const replay = this.#replayOf(run);
    this.#endStretch(replay);
    const end = Number.POSITIVE_INFINITY;
    this.#latest = { start, at: replay.state.event, end, steps: [], isShared: false };
  }

  /** Adds a step to the latest stretch, unless that has ended. */
  add(step: PastStep<R>): void {
    this.#add({ ...step, from: null });
  }

  #add(step: LeftStep<R>): void {
    this.#found = null;
    if (this.#isOpen) {
      step.kept?.keep();
      this.#latest!.steps.push(step);
    }
  }

  /** Gives the latest step other insertions. */
  changeLast(insertions: readonly Insertion[]): void {
    this.#coming &&= { ...this.#coming, insertions };
    const last = this.#isOpen ? this.#latest?.steps.pop() : undefined;
    if (last !== undefined) {
      this.#latest?.steps.push({ ...last, insertions });
    }
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
    const stretches = this.#latest === null ? [] : [this.#latest, ...this.#ofMoments];
    const stretch = stretches.find((one) => isWithin(moment, one));
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
  #replay(stretch: Stretch<R>, run: R, end: number): R {
    const copy = this.#recycled.copyOf(stretch.start);
    this.#follow(copy, run);
    makeSteps(stretch.steps, copy, this.#replayOf(copy), end);
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
        this.#drop(kept);
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
    latest.end = Math.min(latest.end, state.event);
    const { moments } = this;
    if (moments.length > 0) {
      // A moment that is given by time comes later with each batch, until the log is past it.
      this.#keepMoments(moments);
      if (moments.some((one) => isWithin(one, latest))) {
        this.#ofMoments = [...this.#ofMoments, shared(latest)];
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
