import type { Profile } from "../../ptmalloc/profile.ts";
import type { PointerJudge } from "../../replay/pointers/pointer-judge.ts";
import { judgeOf, type ScenarioRun } from "../../replay/scenario-run.ts";
import {
  copyWork,
  type Exit,
  type Insertion,
  insert,
  permuteWork,
  replayWith,
  type Sbrk,
  type Work,
} from "../../replay/work.ts";
import type { EventBatch } from "../../trace/event.ts";

/** Batches that can be replayed anew; older events are settled. */
export const WINDOW_BATCHES = 4;
/** Events between two looks at whether a trial can still win. */
const SLICE = 1024;
/** So far before an event that is to be explained a second state is kept: most explanations lie behind that. */
const NEAR = 2048;
/** Runs kept for their memory: two states are copied for an event that is to be explained, then one for each trial. */
const MOST_SPENT = 2;
/** What trials cost, in words copied: a thread's cache, and an event. */
const WORDS_PER_THREAD = 200;
const WORDS_PER_EVENT = 100;

/** A batch of the recent past; its first event has number `first`. */
export interface PastBatch {
  work: Work;
  readonly first: number;
  /** `work` is this past's own: its lines may change places for good */
  isOwn: boolean;
}

/** Lines `from`, `from` + 1, … of a batch in another order: `lines[n]` is the n-th of them, counted from `from`. */
export interface Order {
  readonly what: "order";
  readonly batch: PastBatch;
  readonly from: number;
  readonly lines: readonly number[];
}

/** What may have happened other than the log says. */
export type Explanation = Exit | Order;

/** What a trial that is to explain event `wrong` (0-based) has to hold. */
export interface Bounds {
  readonly wrong: number;
  /** pointers that may be wrong up to and with that event */
  readonly allowed: number;
  /** events behind it that must come right */
  readonly mustHold: number;
  /** the outcome to be bettered */
  readonly best: Outcome;
}

/** How a run goes on behind an event that is to be explained. */
export interface Outcome {
  /** number (1-based) of the next event that goes wrong; Infinity if none does */
  readonly next: number;
  /** pointers that are wrong in all */
  readonly wrong: number;
}

/** The state of a run before event `at` (0-based), and before all that is inserted there. */
interface Checkpoint {
  readonly run: ScenarioRun;
  readonly at: number;
}

/**
 * The last few batches of a run as recorded, with the state before them: they can be replayed under another account of
 * what happened. Batches are copies that several runs share, until one believes in another order of their lines.
 */
export class RecentPast {
  readonly batches: PastBatch[] = [];
  /** what is inferred, and what the log itself tells of between two calls, since the state kept, in order */
  insertions: Insertion[] = [];
  /** what replaying has cost so far, in words copied */
  cost = 0;

  /** the state before the first batch; null while nothing is kept */
  #start: Checkpoint | null = null;
  /** a later one, as things are believed to have happened; null where there is none */
  #near: Checkpoint | null = null;
  #next: EventBatch | null = null;
  /** runs that nobody needs any more, whose memory the next copies take */
  readonly #spent: ScenarioRun[] = [];

  /** The same past as that of a run of a kindred version. */
  cloneAs(profile: Profile): RecentPast {
    const copy = new RecentPast();
    for (const { work, first, isOwn } of this.batches) {
      copy.batches.push({ work: isOwn ? copyWork(work) : work, first, isOwn });
    }
    copy.insertions = [...this.insertions];
    copy.cost = this.cost;
    copy.#start = this.#start && { run: this.#start.run.cloneAs(profile), at: this.#start.at };
    copy.#next = this.#next;
    return copy;
  }

  get isKept(): boolean {
    return this.#start !== null;
  }

  /** number of the first event that can be replayed */
  get start(): number {
    return this.#start?.at ?? 0;
  }

  /** number of the first event that is still to come */
  get end(): number {
    const last = this.batches.at(-1);
    return last === undefined ? 0 : last.first + last.work.batch.length;
  }

  forget(): void {
    if (this.#start !== null) {
      this.spend(this.#start.run);
    }
    this.#start = null;
    this.#forgetNear();
    this.#next = null;
    this.batches.length = 0;
    this.insertions = [];
  }

  #forgetNear(): void {
    if (this.#near !== null) {
      this.spend(this.#near.run);
    }
    this.#near = null;
  }

  /** Keeps a batch that `run` is about to replay, and at times the state before it; `next` is the batch that follows. */
  keep(
    run: ScenarioRun,
    work: Work,
    first: number,
    told: readonly Insertion[],
    next: EventBatch | null,
  ): void {
    if (this.#start === null || this.batches.length >= WINDOW_BATCHES) {
      this.forget();
      this.#start = { run: this.copyOf(run), at: first };
    }
    this.#next = next;
    this.batches.push({ work, first, isOwn: false });
    this.insertions.push(...told);
  }

  /** Nobody needs the run any more. */
  spend(run: ScenarioRun): void {
    if (this.#spent.length < MOST_SPENT) {
      this.#spent.push(run);
    }
  }

  /** A copy of a run, in the memory of one that was spent, where there is one. */
  copyOf(run: ScenarioRun): ScenarioRun {
    return run.clone(this.#spent.pop() ?? null);
  }

  /** The batch that holds event `number`, by its place among the batches. */
  indexOf(number: number): number {
    return this.batches.findIndex(({ first, work }) => number < first + work.batch.length);
  }

  /** The past up to event `end` (0-based), which is not replayed. */
  replayTo(end: number): ScenarioRun {
    const at = end - NEAR;
    if (at > (this.#near?.at ?? this.start)) {
      const { run, from } = this.#startAgain(at, this.insertions);
      this.#replay(run, from, at, this.insertions);
      this.#forgetNear();
      this.#near = { run, at };
    }
    const { run, from } = this.#startAgain(end, this.insertions);
    this.#replay(run, from, end, this.insertions);
    return run;
  }

  /** The past as it would have been; null as soon as it goes beyond the bounds. */
  try(explanation: Explanation, bounds: Bounds): ScenarioRun | null {
    const from = firstChanged(explanation);
    if (explanation.what === "exit") {
      return this.#replayWithin(from, this.#insertionsWith(explanation), bounds);
    }
    const { work } = explanation.batch;
    permuteWork(work, explanation.from, explanation.lines);
    const run = this.#replayWithin(from, this.insertions, bounds);
    permuteWork(work, explanation.from, inverse(explanation.lines));
    return run;
  }

  /** From now on this is what happened. */
  believe(explanation: Explanation): void {
    if (this.#near !== null && firstChanged(explanation) < this.#near.at) {
      this.#forgetNear();
    }
    if (explanation.what === "exit") {
      this.insertions = this.#insertionsWith(explanation);
      return;
    }
    const { batch, from, lines } = explanation;
    if (!batch.isOwn) {
      batch.work = copyWork(batch.work);
    }
    batch.isOwn = true;
    permuteWork(batch.work, from, lines);
  }

  /** What is believed to have happened among the events kept. */
  tell(move: Sbrk): void {
    if (this.isKept) {
      this.insertions = this.#insertionsWith(move);
    }
  }

  #insertionsWith(exit: Exit | Sbrk): Insertion[] {
    return [...this.insertions, exit].sort((a, b) => a.before - b.before);
  }

  /** A copy of the latest state kept in which all before event `changed` has happened as is believed. */
  #startAgain(
    changed: number,
    insertions: readonly Insertion[],
  ): { run: ScenarioRun; from: number } {
    const near = this.#near;
    const kept = near !== null && near.at <= changed ? near : this.#start;
    if (kept === null) {
      throw new Error("no state is kept");
    }
    const run = this.copyOf(kept.run);
    const { chunks } = run.model;
    this.cost += chunks.words.length + run.model.allThreads().length * WORDS_PER_THREAD;
    if (kept !== near) {
      for (const one of insertions) {
        if (one.before < kept.at) {
          insert(run, one);
        }
      }
    }
    return { run, from: kept.at };
  }

  /** Replays events from..to-1, by their numbers. */
  #replay(run: ScenarioRun, from: number, to: number, insertions: readonly Insertion[]): void {
    for (const [at, { work, first }] of this.batches.entries()) {
      const { batch, actions } = work;
      const begin = Math.max(from, first) - first;
      const end = Math.min(to - first, batch.length);
      if (begin >= end) {
        continue;
      }
      if (begin === 0) {
        run.foresee(batch, actions, this.batches[at + 1]?.work.batch ?? this.#next);
      }
      replayWith(run, work, first, begin, end, insertions);
      this.cost += (end - begin) * WORDS_PER_EVENT;
    }
  }

  #replayWithin(
    changed: number,
    insertions: readonly Insertion[],
    bounds: Bounds,
    anchored = false,
  ): ScenarioRun | null {
    const { wrong, allowed, mustHold, best } = bounds;
    const { run, from } = this.#startAgain(changed, insertions);
    const judge = judgeOf(run);
    this.#replay(run, from, wrong, insertions);
    // Most trials end here, or soon: a state that nobody will see need not be made to fit the log.
    run.anchored = anchored;
    const wrongBefore = judge.wrong;
    this.#replay(run, wrong, wrong + 1, insertions);
    if (judge.wrong > allowed) {
      return this.#fail(run);
    }
    if (judge.wrong > wrongBefore && !anchored) {
      this.spend(run);
      return this.#replayWithin(changed, insertions, bounds, true);
    }
    judge.missed.length = 0;
    const { end } = this;
    const held = Math.min(wrong + 1 + mustHold, end);
    run.anchored = false;
    this.#replay(run, wrong + 1, held, insertions);
    if (judge.missed.length > 0) {
      return this.#fail(run);
    }
    run.anchored = true;
    for (let at = held; at < end; at += SLICE) {
      this.#replay(run, at, Math.min(at + SLICE, end), insertions);
      if (judge.missed.length > 0 && judge.missed[0]!.event < best.next) {
        return this.#fail(run);
      }
    }
    if (!isBetter(outcomeOf(judge), best)) {
      return this.#fail(run);
    }
    for (const one of insertions) {
      if (one.before >= end) {
        insert(run, one);
      }
    }
    return run;
  }

  #fail(run: ScenarioRun): null {
    this.spend(run);
    return null;
  }
}

/** The outcome of a trial, whose judge has forgotten what it missed up to the event explained. */
export function outcomeOf({ missed, wrong }: PointerJudge): Outcome {
  return { next: missed[0]?.event ?? Number.POSITIVE_INFINITY, wrong };
}

/** A right explanation stays right until something else happens that the log does not tell; luck seldom does. */
function isBetter(a: Outcome, b: Outcome): boolean {
  return a.next > b.next || (a.next === b.next && a.wrong < b.wrong);
}

/** The first event that an explanation changes, or what comes before it. */
function firstChanged(explanation: Explanation): number {
  if (explanation.what === "exit") {
    return explanation.before;
  }
  return explanation.batch.first + explanation.from;
}

function inverse(lines: readonly number[]): number[] {
  const back: number[] = [];
  lines.forEach((line, n) => {
    back[line] = n;
  });
  return back;
}
