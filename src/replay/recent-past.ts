import type { EventBatch } from "../trace/event.ts";
import type { PointerJudge } from "./pointer-judge.ts";
import type { ScenarioRun } from "./scenario-run.ts";
import { copyWork, type Insertion, insert, replayWith, type Work } from "./window.ts";

/** Batches that can be replayed anew; older events are settled. */
const WINDOW_BATCHES = 4;
/** Events between two looks at whether a trial can still win. */
const SLICE = 1024;
const WORDS_PER_THREAD = 200;

/** A batch of the recent past; its first event has number `first`. */
export interface PastBatch {
  work: Work;
  readonly first: number;
  /** `work` is this past's own: its lines may change places for good */
  isOwn: boolean;
}

/** Lines `from`, `from` + 1, … of a batch in another order: `lines[n]` is the n-th of them, counted from `from`. */
export interface Order {
  readonly batch: PastBatch;
  readonly from: number;
  readonly lines: readonly number[];
}

/** What is tried in place of what the log says. */
export interface Trial {
  readonly insertions: readonly Insertion[];
  readonly order: Order | null;
}

/** What a trial that is to explain event `wrong` (0-based) has to hold. */
export interface Bounds {
  readonly wrong: number;
  /** pointers that may be wrong up to and with that event */
  readonly allowed: number;
  /** events behind it that must come right, but for so many */
  readonly mustHold: number;
  readonly mayMiss: number;
  /** fewer pointers must be wrong in all */
  readonly limit: number;
}

/**
 * The last few batches of a run as recorded, with the state before them: they can be replayed under another account of
 * what happened. Batches are copies that several runs share, until one believes in another order of their lines.
 */
export class RecentPast {
  readonly batches: PastBatch[] = [];
  /** what is inferred, and what the log itself tells of between two calls, since the state kept, in order */
  insertions: Insertion[] = [];
  /** words copied and events replayed so far */
  cost = 0;

  /** the state before the first batch; null while nothing is kept */
  #snapshot: ScenarioRun | null = null;
  #next: EventBatch | null = null;

  get isKept(): boolean {
    return this.#snapshot !== null;
  }

  /** number of the first event that can be replayed */
  get start(): number {
    return this.batches[0]?.first ?? 0;
  }

  /** number of the first event that is still to come */
  get end(): number {
    const last = this.batches.at(-1);
    return last === undefined ? 0 : last.first + last.work.batch.length;
  }

  forget(): void {
    this.#snapshot = null;
    this.#next = null;
    this.batches.length = 0;
    this.insertions = [];
  }

  /** Keeps a batch that `run` is about to replay, and at times the state before it; `next` is the batch that follows. */
  keep(
    run: ScenarioRun,
    work: Work,
    first: number,
    told: readonly Insertion[],
    next: EventBatch | null,
  ): void {
    if (this.#snapshot === null || this.batches.length >= WINDOW_BATCHES) {
      this.forget();
      this.#snapshot = run.clone();
    }
    this.#next = next;
    this.batches.push({ work, first, isOwn: false });
    this.insertions.push(...told);
  }

  /** The batch that holds event `number`, by its place among the batches. */
  indexOf(number: number): number {
    return this.batches.findIndex(({ first, work }) => number < first + work.batch.length);
  }

  /** The past up to event `end` (0-based), which is not replayed. */
  replayTo(end: number): ScenarioRun {
    const run = this.#startAgain(this.insertions);
    this.batches.forEach(({ work, first }, at) => {
      const to = Math.min(work.batch.length, end - first);
      if (to <= 0) return;
      this.#foresee(run, at);
      replayWith(run, work, first, 0, to, this.insertions);
      this.cost += to;
    });
    return run;
  }

  /** The past replayed under another account; null as soon as it goes beyond the bounds. */
  try({ insertions, order }: Trial, bounds: Bounds): ScenarioRun | null {
    if (order === null) return this.#replayWithin(insertions, bounds);
    permute(order.batch.work, order.from, order.lines);
    const run = this.#replayWithin(insertions, bounds);
    permute(order.batch.work, order.from, inverse(order.lines));
    return run;
  }

  /** From now on this is what happened. */
  believe({ insertions, order }: Trial): void {
    this.insertions = [...insertions];
    if (order === null) return;
    const { batch } = order;
    if (!batch.isOwn) batch.work = copyWork(batch.work);
    batch.isOwn = true;
    permute(batch.work, order.from, order.lines);
  }

  /** A copy of the state before the first batch, with what is inserted before that. */
  #startAgain(insertions: readonly Insertion[]): ScenarioRun {
    if (this.#snapshot === null) throw new Error("no state is kept");
    const run = this.#snapshot.clone();
    const { chunks } = run.model;
    this.cost += chunks.words.length + run.model.allThreads().length * WORDS_PER_THREAD;
    for (const one of insertions) if (one.before < this.start) insert(run, one);
    return run;
  }

  #foresee(run: ScenarioRun, at: number): void {
    const { batch, actions } = this.batches[at]!.work;
    run.foresee(batch, actions, this.batches[at + 1]?.work.batch ?? this.#next);
  }

  #replayWithin(
    insertions: readonly Insertion[],
    { wrong, allowed, mustHold, mayMiss, limit }: Bounds,
  ): ScenarioRun | null {
    const trial = this.#startAgain(insertions);
    const judge = judgeOf(trial);
    const held = wrong + 1 + mustHold;
    for (const [at, { work, first }] of this.batches.entries()) {
      const { length } = work.batch;
      this.#foresee(trial, at);
      for (let from = 0; from < length; ) {
        const to = sliceEnd(from, length, [wrong + 1 - first, held - first]);
        replayWith(trial, work, first, from, to, insertions);
        this.cost += to - from;
        const end = first + to;
        const most = end <= wrong + 1 ? allowed + 1 : limit;
        if (judge.wrong >= most) return null;
        if (end === wrong + 1) judge.missed.length = 0;
        if (end === held && judge.missed.length > mayMiss) return null;
        from = to;
      }
    }
    for (const one of insertions) if (one.before >= this.end) insert(trial, one);
    return trial;
  }
}

/** Where the slice from `from` on ends: at the next of `stops`, at the latest at `length`. */
function sliceEnd(from: number, length: number, stops: readonly number[]): number {
  return Math.min(from + SLICE, length, ...stops.filter((stop) => stop > from));
}

function judgeOf({ judge }: ScenarioRun): PointerJudge {
  if (judge === null) throw new Error("a run as recorded has a judge");
  return judge;
}

/** Puts lines in another order. Times stay: they are those of the places. */
function permute({ batch, actions, touch }: Work, from: number, lines: readonly number[]): void {
  const columns = [
    batch.op,
    batch.size,
    batch.align,
    batch.pointerIn,
    batch.pointerOut,
    batch.line,
    actions.action,
    actions.thread,
    actions.block,
    actions.lost,
    actions.oldSize,
    touch.from,
    touch.to,
    touch.ratioFrom,
    touch.full,
    touch.large,
  ];
  for (const column of columns) {
    const before = lines.map((line) => column[from + line]!);
    before.forEach((value, n) => {
      column[from + n] = value;
    });
  }
}

function inverse(lines: readonly number[]): number[] {
  const back: number[] = [];
  lines.forEach((line, n) => {
    back[line] = n;
  });
  return back;
}
