import { GRANULE } from "../ptmalloc/chunks.ts";
import { UNKNOWN_CPUS } from "../ptmalloc/ptmalloc.ts";
import type { Divergence } from "../report/report.ts";
import type { EventBatch } from "../trace/event.ts";
import type { PointerJudge } from "./pointer-judge.ts";
import type { ScenarioRun } from "./scenario-run.ts";
import { suspects } from "./suspects.ts";
import { type Exit, type Insertion, insert, replayBatch, replayWith, type Work } from "./window.ts";

/** Batches that can be replayed anew; older events are settled. */
const WINDOW_BATCHES = 4;
/** Events between two looks at whether a trial can still win. */
const SLICE = 1024;
/** Explanations sought for one batch; threads tried for each, and places for each thread. */
const MAX_ROUNDS = 24;
const MAX_SUSPECTS = 12;
const MAX_PAUSES = 6;
/** Events after the one explained that must come right, too: a wrong explanation seldom holds that long. */
const MUST_HOLD_EVENTS = 200;
/** Pointers that nothing explains, until no more explanations are sought: the log errs in other ways. */
const MAX_FAILURES = 8;
/**
 * What trials may cost in all, in words copied and events replayed: so much at once, and so much for each event of the
 * log. Some 0.5 s, and as long as the replay itself.
 */
const FREE_COST = 200_000_000;
const COST_PER_EVENT = 100;
const WORDS_PER_THREAD = 200;
/** Threads tried besides, and places for each. */
const MAX_OTHERS = 24;
const OTHERS_PAUSES = 2;

/**
 * The run as recorded. Where a log does not tell of thread exits, the first wrong pointer does (ptmalloc2.md §12.5):
 * an exiting thread's cache is emptied and its arena given up, which others then see. So where a pointer goes wrong,
 * the last few batches are replayed under each explanation, "this thread ended after that call", and the one that
 * sets most pointers right is taken for true. Nothing is moved to fit the log: only the exit is put into it.
 */
export class RecordedRun {
  run: ScenarioRun;
  /** exits put in, of all the log; each stands for one pointer that was not foreseen */
  inferredExits = 0;
  /** the first pointer that was not foreseen, be it that an inferred exit explains it */
  firstDivergence: Divergence | null = null;
  /** exits put in with the last batch, for the what-ifs */
  newExits: Exit[] = [];

  /** the state before the window; null while nothing is to be inferred */
  #snapshot: ScenarioRun | null = null;
  #window: { readonly work: Work; readonly first: number }[] = [];
  /** inferred exits and what the log itself tells of between two calls, since the snapshot, in order */
  #insertions: Insertion[] = [];
  #failures = 0;
  #cost = 0;
  #event = 0;

  /** pointers that settings found out before the replay set right */
  readonly #foregone: number;

  constructor(run: ScenarioRun, foregone = 0) {
    this.run = run;
    this.#foregone = foregone;
  }

  /** Pointers that only settings found out from the log's pointers set right. */
  get explainedBySettings(): number {
    return this.#foregone + (this.run.witness?.explained ?? 0);
  }

  get judge(): PointerJudge {
    return judgeOf(this.run);
  }

  /** CPUs of the recorded process: as told, or as its arenas have shown; null while nobody knows */
  get cpus(): number | null {
    const { cpus, arenaLimit, par } = this.run.model;
    if (cpus !== UNKNOWN_CPUS) return cpus;
    return arenaLimit === 0 || par.arenaMax !== 0 ? null : Math.floor(arenaLimit / 8);
  }

  /** Bytes in use that no line of the log tells of: allocated before it began, or past its hook (place.ts). */
  get unloggedBytes(): number {
    return this.run.model.unloggedGranules * GRANULE;
  }

  /** Pointers the model foresaw: those that only an inference set right are not among them. */
  get equal(): number {
    return Math.max(0, this.judge.equal - this.inferredExits - this.explainedBySettings);
  }

  /**
   * Replays a batch, with what the log tells of between its calls. `copy` is the same work to be kept for inference;
   * null where none is wanted.
   */
  replay(
    work: Work,
    next: EventBatch | null,
    insertions: readonly Insertion[],
    copy: Work | null,
  ): void {
    const first = this.#event;
    this.newExits = [];
    this.#keep(copy, first);
    this.judge.firstWrong = -1;
    // Without a window nothing is ever replayed anew.
    if (this.#snapshot !== null) this.#insertions.push(...insertions);
    this.run.foresee(work.batch, work.actions, next);
    replayBatch(this.run, work, first, insertions);
    this.firstDivergence ??= this.judge.firstDivergence;
    this.#event += work.batch.length;
  }

  /** Explains the pointers that went wrong in the last batch, as far as it can. */
  infer(): void {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { firstWrong } = this.judge;
      if (this.#snapshot === null || firstWrong < 0 || this.#isSpent) return;
      if (!this.#explain(firstWrong - 1)) {
        this.#failures++;
        return;
      }
    }
  }

  get #isSpent(): boolean {
    return this.#cost > FREE_COST + this.#event * COST_PER_EVENT;
  }

  /** A copy of the state at the window's start, with what is inserted before it. */
  #startAgain(insertions: readonly Insertion[]): ScenarioRun {
    const run = this.#snapshot!.clone();
    const { chunks } = run.model;
    this.#cost += chunks.words.length + run.model.allThreads().length * WORDS_PER_THREAD;
    const start = this.#window[0]!.first;
    for (const one of insertions) if (one.before < start) insert(run, one);
    return run;
  }

  /** Keeps the batch, and at times the state before it, where exits may have to be inferred at all. */
  #keep(copy: Work | null, first: number): void {
    if (copy === null || this.#failures >= MAX_FAILURES) {
      this.#snapshot = null;
      this.#window = [];
      return;
    }
    if (this.#snapshot === null || this.#window.length >= WINDOW_BATCHES) {
      this.#snapshot = this.run.clone();
      this.#window = [];
      this.#insertions = [];
    }
    this.#window.push({ work: copy, first });
  }

  /** Tries the exits that may have made event `wrong` (0-based) go wrong, and puts in the best. */
  #explain(wrong: number): boolean {
    const before = this.#replayTo(wrong);
    const { work, first } = this.#window.find(
      ({ work: { batch }, first: at }) => wrong < at + batch.length,
    )!;
    const i = wrong - first;
    const place = judgeOf(before).placeOf(
      before.model,
      work.batch.pointerOut[i]!,
      work.batch.size[i]!,
    );
    const threads = suspects(before.model, work.actions.thread[i]!, place).slice(0, MAX_SUSPECTS);
    const exits = threads.flatMap((thread) => this.#exitsOf(thread, wrong, MAX_PAUSES));
    const others = this.#othersBefore(wrong, new Set(threads));
    let best: { run: ScenarioRun; insertions: Insertion[]; exit: Exit } | null = null;
    let least = wrongPointers(this.run);
    for (const exit of [...exits, ...others]) {
      if (this.#isSpent) break;
      const insertions = [...this.#insertions, exit].sort((a, b) => a.before - b.before);
      const trial = this.#try(insertions, wrong, wrongPointers(before), least);
      if (trial === null) continue;
      least = wrongPointers(trial);
      best = { run: trial, insertions, exit };
      if (judgeOf(trial).firstWrong < 0) break;
    }
    if (best === null) return false;
    this.run = best.run;
    this.#insertions = best.insertions;
    this.newExits.push(best.exit);
    this.inferredExits++;
    return true;
  }

  /** The window up to event `end` (0-based), which is not replayed. */
  #replayTo(end: number): ScenarioRun {
    const run = this.#startAgain(this.#insertions);
    for (const { work, first } of this.#window) {
      const to = Math.min(work.batch.length, end - first);
      if (to > 0) replayWith(run, work, first, 0, to, this.#insertions);
    }
    return run;
  }

  /**
   * The window replayed with these insertions; null as soon as event `wrong` is not set right (more than `allowed`
   * pointers wrong by then), or `limit` pointers are wrong in all.
   */
  #try(
    insertions: readonly Insertion[],
    wrong: number,
    allowed: number,
    limit: number,
  ): ScenarioRun | null {
    const trial = this.#startAgain(insertions);
    const judge = judgeOf(trial);
    for (const { work, first } of this.#window) {
      const { length } = work.batch;
      for (let from = 0; from < length; ) {
        const beyond = wrong + 1 - first;
        const to = Math.min(from + SLICE, length, beyond > from ? beyond : length);
        replayWith(trial, work, first, from, to, insertions);
        this.#cost += to - from;
        const most = first + to <= wrong + 1 ? allowed + 1 : limit;
        if (wrongPointers(trial) >= most) return null;
        if (first + to === wrong + 1) judge.firstWrong = -1;
        if (judge.firstWrong > 0 && judge.firstWrong <= wrong + MUST_HOLD_EVENTS) return null;
        from = to;
      }
    }
    for (const one of insertions) if (one.before >= this.#event) insert(trial, one);
    return trial;
  }

  /**
   * Places where the thread may have ended: after each call of the window that another thread's call follows, the
   * latest before event `end` first; and before the window.
   */
  #exitsOf(thread: number, end: number, most: number): Exit[] {
    const exits: Exit[] = [];
    let follower = -1;
    for (const { work, first } of [...this.#window].reverse()) {
      const last = Math.min(work.batch.length, end - first) - 1;
      for (let i = last; i >= 0 && exits.length < most; i--) {
        const caller = work.actions.thread[i]!;
        if (caller === thread && follower !== thread) {
          exits.push({ what: "exit", thread, before: first + i + 1 });
        }
        follower = caller;
      }
    }
    if (exits.length < most) {
      exits.push({ what: "exit", thread, before: this.#window[0]!.first - 1 });
    }
    return exits;
  }

  /**
   * The latest places where threads not in `known` may have ended: an exit may show in a bin's order only, far from
   * what the thread had cached. The thread that fell silent last comes first.
   */
  #othersBefore(end: number, known: ReadonlySet<number>): Exit[] {
    const latest: Exit[][] = [];
    for (const { index } of this.run.model.allThreads()) {
      if (index !== 0 && !known.has(index)) latest.push(this.#exitsOf(index, end, OTHERS_PAUSES));
    }
    latest.sort((a, b) => b[0]!.before - a[0]!.before);
    return latest.slice(0, MAX_OTHERS).flat();
  }
}

function judgeOf({ judge }: ScenarioRun): PointerJudge {
  if (judge === null) throw new Error("a run as recorded has a judge");
  return judge;
}

function wrongPointers(run: ScenarioRun): number {
  const { compared, equal } = judgeOf(run);
  return compared - equal;
}
