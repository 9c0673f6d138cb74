import type { Profile } from "../../ptmalloc/profile.ts";
import {
  type Exit,
  type Insertion,
  insert,
  replayWith,
  type Sbrk,
} from "../../replay/insertions.ts";
import { KeptWork } from "../../replay/peak/kept-works.ts";
import type { PointerJudge } from "../../replay/pointers/pointer-judge.ts";
import { copyWork, permuteWork, type ReplayedBatch } from "../../replay/work.ts";
import type { GuidedReplay } from "../guided-replay.ts";
import type { Bounds, Explanation, Outcome, PastBatch, Postponed } from "./explanation.ts";
import { RecycledReplays } from "./recycled-replays.ts";

/** Batches that can be replayed again; older events are settled. */
export const WINDOW_BATCHES = 4;
/** Events between two checks of whether a trial can still win. */
const SLICE = 1024;
/** A second state is kept this many events before the one to explain: most explanations lie after it. */
const NEAR = 2048;
/** Cost of a trial, in words copied, per event. */
const WORDS_PER_EVENT = 100;

/** The state before event `at` (0-based), and before the insertions there. */
interface Checkpoint {
  readonly replay: GuidedReplay;
  readonly at: number;
}

/**
 * The last few batches of a recorded run and the state before them, so that they can be replayed under an explanation.
 * Batches are copies that several runs share, until one run accepts another order of their lines.
 */
export class RecentPast {
  readonly batches: PastBatch[] = [];
  /** insertions among these batches, in order: logged ones and accepted explanations */
  insertions: Insertion[] = [];
  /** cost of all trials so far, in words copied */
  cost = 0;
  /** number (0-based) of the event at which the latest trial failed */
  failedAt = 0;

  /** the state before the first batch; null while nothing is kept */
  #start: Checkpoint | null = null;
  /** a later state, with all accepted explanations applied; null where there is none */
  #near: Checkpoint | null = null;
  #next: ReplayedBatch | null = null;
  readonly #recycled: RecycledReplays;

  constructor(recycled = new RecycledReplays()) {
    this.#recycled = recycled;
  }

  /** Returns the same past for the run of a sibling version. */
  cloneAs(profile: Profile): RecentPast {
    const copy = new RecentPast(this.#recycled);
    for (const batch of this.batches) {
      batch.kept.keep();
      copy.batches.push(batch.isOwn ? withOwnWork(batch) : { ...batch });
    }
    copy.insertions = [...this.insertions];
    copy.cost = this.cost;
    copy.#start = this.#start && {
      replay: this.#start.replay.cloneAs(profile),
      at: this.#start.at,
    };
    copy.#next = this.#next;
    return copy;
  }

  get isKept(): boolean {
    return this.#start !== null;
  }

  /** The next batch to keep begins a new window. */
  get isFull(): boolean {
    return this.batches.length >= WINDOW_BATCHES;
  }

  /** the state before the first batch; null while nothing is kept */
  get startState(): GuidedReplay | null {
    return this.#start?.replay ?? null;
  }

  /** Forgets everything. Leaves the state before the first batch to another owner. */
  forgetAllButStart(): void {
    this.#start = null;
    this.forget();
  }

  /** number of the first event that can be replayed */
  get start(): number {
    return this.#start?.at ?? 0;
  }

  /** number of the first event after the kept batches */
  get end(): number {
    const last = this.batches.at(-1);
    return last === undefined ? 0 : last.first + last.work.batch.length;
  }

  forget(): void {
    if (this.#start !== null) {
      this.recycle(this.#start.replay);
    }
    this.#start = null;
    this.#forgetNear();
    this.#next = null;
    for (const { kept } of this.batches) {
      kept.release();
    }
    this.batches.length = 0;
    this.insertions = [];
  }

  /** The log ends: nothing more is explained. */
  close(): void {
    this.forget();
    this.#recycled.clear();
  }

  #forgetNear(): void {
    if (this.#near !== null) {
      this.recycle(this.#near.replay);
    }
    this.#near = null;
  }

  /**
   * Keeps a batch that `replay` is about to make, and, when a new window begins, the state before it. `next` is the
   * batch that follows; null at the log's end.
   */
  keep(
    replay: GuidedReplay,
    kept: KeptWork,
    first: number,
    logged: readonly Insertion[],
    next: ReplayedBatch | null,
  ): void {
    if (this.#start === null || this.isFull) {
      this.forget();
      this.#start = { replay: this.copyOf(replay), at: first };
    }
    this.#next = next;
    kept.keep();
    const begin = replay.beginning(next);
    this.batches.push({ work: kept.work, kept, first, isOwn: false, begin });
    this.insertions = [...this.insertions, ...logged];
  }

  /** Takes a replay that is no longer used; a later copy reuses its memory. */
  recycle(replay: GuidedReplay): void {
    this.#recycled.put(replay);
  }

  /** Copies a replay, into recycled memory where there is some. */
  copyOf(replay: GuidedReplay): GuidedReplay {
    return this.#recycled.copyOf(replay);
  }

  /** Returns the index of the batch that holds event `number`. */
  indexOf(number: number): number {
    return this.batches.findIndex(({ first, work }) => number < first + work.batch.length);
  }

  /** Returns a replay of the past that has event `end` (0-based) still to come. */
  replayTo(end: number): GuidedReplay {
    const at = end - NEAR;
    if (at > (this.#near?.at ?? this.start)) {
      const { replay, from } = this.#startAgain(at, this.insertions);
      this.#replay(replay, from, at, this.insertions);
      this.#forgetNear();
      this.#near = { replay, at };
    }
    const { replay, from } = this.#startAgain(end, this.insertions);
    this.#replay(replay, from, end, this.insertions);
    return replay;
  }

  /** Returns a replay of the past under the explanation; null as soon as it fails the bounds. */
  try(explanation: Explanation, bounds: Bounds): GuidedReplay | null {
    const from = firstChanged(explanation);
    switch (explanation.kind) {
      case "exit":
        return this.#replayWithin(from, this.#insertionsWith(explanation), bounds);
      case "postponed":
        return this.#replayWithin(from, this.#insertionsPostponing(explanation), bounds);
      case "order": {
        const { work } = explanation.batch;
        permuteWork(work, explanation.from, explanation.lines);
        const replay = this.#replayWithin(from, this.insertions, bounds);
        permuteWork(work, explanation.from, inverse(explanation.lines));
        return replay;
      }
    }
  }

  /** Makes the explanation a part of the past. */
  accept(explanation: Explanation): void {
    if (this.#near !== null && firstChanged(explanation) < this.#near.at) {
      this.#forgetNear();
    }
    switch (explanation.kind) {
      case "exit":
        this.insertions = this.#insertionsWith(explanation);
        return;
      case "postponed":
        this.insertions = this.#insertionsPostponing(explanation);
        return;
      case "order": {
        const { batch, from, lines } = explanation;
        if (!batch.isOwn) {
          Object.assign(batch, withOwnWork(batch));
        }
        permuteWork(batch.work, from, lines);
      }
    }
  }

  /** Adds a move of the break to the past. */
  addSbrk(move: Sbrk): void {
    if (this.isKept) {
      this.insertions = this.#insertionsWith(move);
    }
  }

  #insertionsWith(added: Exit | Sbrk): Insertion[] {
    return [...this.insertions, added].sort((a, b) => a.before - b.before);
  }

  #insertionsPostponing({ exit, before }: Postponed): Insertion[] {
    return this.insertions
      .map((one) => (one === exit ? { ...exit, before } : one))
      .sort((a, b) => a.before - b.before);
  }

  /** Copies the latest kept state that no change at event `changed` or later affects. */
  #startAgain(
    changed: number,
    insertions: readonly Insertion[],
  ): { replay: GuidedReplay; from: number } {
    const near = this.#near;
    const kept = near !== null && near.at <= changed ? near : this.#start;
    if (kept === null) {
      throw new Error("no state is kept");
    }
    const replay = this.copyOf(kept.replay);
    this.cost += replay.model.copiedWords;
    if (kept !== near) {
      for (const one of insertions) {
        if (one.before < kept.at) {
          insert(replay.replay, one);
        }
      }
    }
    return { replay, from: kept.at };
  }

  /** Replays events from..to-1, by their numbers. */
  #replay(replay: GuidedReplay, from: number, to: number, insertions: readonly Insertion[]): void {
    for (const [at, { work, first }] of this.batches.entries()) {
      const begin = Math.max(from, first) - first;
      const end = Math.min(to - first, work.batch.length);
      if (begin >= end) {
        continue;
      }
      if (begin === 0) {
        replay.beginBatch(work, this.batches[at + 1]?.work.batch ?? this.#next);
      }
      replayWith(replay.replay, work, first, begin, end, insertions);
      this.cost += (end - begin) * WORDS_PER_EVENT;
    }
  }

  #replayWithin(
    changed: number,
    insertions: readonly Insertion[],
    bounds: Bounds,
    anchors = false,
  ): GuidedReplay | null {
    const { mismatch, allowed, mustHold, best } = bounds;
    const { replay, from } = this.#startAgain(changed, insertions);
    const { judge } = replay;
    this.#replay(replay, from, mismatch, insertions);
    const before = judge.mismatches;
    // Most trials fail at this event or soon after: anchoring the model would be wasted on them.
    const replayMismatch = () => this.#replay(replay, mismatch, mismatch + 1, insertions);
    if (anchors) {
      replayMismatch();
    } else {
      replay.withoutAnchors(replayMismatch);
    }
    this.failedAt = mismatch;
    if (judge.mismatches > allowed) {
      return this.#fail(replay);
    }
    if (judge.mismatches > before && !anchors) {
      this.recycle(replay);
      return this.#replayWithin(changed, insertions, bounds, true);
    }
    judge.missed.length = 0;
    const { end } = this;
    const held = Math.min(mismatch + 1 + mustHold, end);
    replay.withoutAnchors(() => this.#replay(replay, mismatch + 1, held, insertions));
    if (judge.missed.length > 0) {
      this.failedAt = judge.missed[0]!.event - 1;
      return this.#fail(replay);
    }
    for (let at = held; at < end; at += SLICE) {
      this.#replay(replay, at, Math.min(at + SLICE, end), insertions);
      if (judge.missed.length > 0 && judge.missed[0]!.event < best.next) {
        return this.#fail(replay);
      }
    }
    if (!isBetter(outcomeOf(judge), best)) {
      return this.#fail(replay);
    }
    for (const one of insertions) {
      if (one.before >= end) {
        insert(replay.replay, one);
      }
    }
    return replay;
  }

  #fail(replay: GuidedReplay): null {
    this.recycle(replay);
    return null;
  }
}

/** Returns the outcome of a trial. Its judge holds only the mismatches after the event explained. */
export function outcomeOf({ missed, mismatches }: PointerJudge): Outcome {
  return { next: missed[0]?.event ?? Number.POSITIVE_INFINITY, mismatches };
}

/** A right explanation holds until the next thing that is not in the log; a lucky one seldom does. */
function isBetter(a: Outcome, b: Outcome): boolean {
  return a.next > b.next || (a.next === b.next && a.mismatches < b.mismatches);
}

/** Returns the first event that an explanation changes, or whose state before it is changed. */
function firstChanged(explanation: Explanation): number {
  switch (explanation.kind) {
    case "exit":
      return explanation.before;
    case "postponed":
      return explanation.exit.before;
    case "order":
      return explanation.batch.first + explanation.from;
  }
}

/** Returns the batch with a copy of its work, in place of the kept one. */
function withOwnWork(batch: PastBatch): PastBatch {
  const kept = new KeptWork(copyWork(batch.work));
  batch.kept.release();
  return { ...batch, work: kept.work, kept, isOwn: true };
}

function inverse(lines: readonly number[]): number[] {
  const back: number[] = [];
  lines.forEach((line, n) => {
    back[line] = n;
  });
  return back;
}
