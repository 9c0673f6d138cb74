import { GRANULE } from "../ptmalloc/chunks.ts";
import type { Profile } from "../ptmalloc/profile.ts";
import { UNKNOWN_CPUS } from "../ptmalloc/ptmalloc.ts";
import { endedOtherwise, endThreads, type LastExits } from "../replay/last-exits.ts";
import type { Missed, PointerJudge } from "../replay/pointers/pointer-judge.ts";
import { judgeOf, type ScenarioRun } from "../replay/scenario-run.ts";
import {
  type Exit,
  type Insertion,
  insert,
  type LateExits,
  replayBatch,
  type Sbrk,
  type Work,
} from "../replay/work.ts";
import type { Divergence } from "../report/report.ts";
import type { EventBatch } from "../trace/event.ts";
import type { Replays } from "../what-if/rss-figures.ts";
import { exitsBefore } from "./explain/exits.ts";
import { divergenceAt, ForeignSbrk } from "./explain/foreign-sbrk.ts";
import { OrderHypotheses } from "./explain/order.ts";
import { type Bounds, type Explanation, outcomeOf, RecentPast } from "./explain/past.ts";
import { suspects } from "./explain/suspects.ts";

/** Wrong pointers explained of one batch. */
const MAX_ROUNDS = 24;
/** Orders tried for one wrong pointer. */
const MAX_ORDERS = 12;
/**
 * Events after the one explained that must come right, too: a wrong explanation seldom holds that long. Where lines
 * stand in the wrong order, the next two soon do.
 */
const MUST_HOLD_SWAP = 8;
const MUST_HOLD_EXIT = 200;
/** Pointers that nothing explains, more than are explained, until nothing is sought any more: the log errs in other ways. */
const MAX_FAILURES = 8;
/**
 * What trials may cost in all, in words copied, with some for each event replayed: so much at once, so much for each
 * event of the log, and so much for each explanation found. Some 0.3 s, as long as the replay itself, and 0.1 s.
 */
const FREE_COST = 100_000_000;
const COST_PER_EVENT = 100;
const COST_PER_EXPLANATION = 50_000_000;

/** A copy that is to go on from event `at` of the batch. */
interface Parted {
  readonly run: RecordedRun;
  readonly at: number;
}

/**
 * The run as recorded. Where a log does not tell which call came first, or of thread exits, the first wrong pointer
 * does (ptmalloc2.md §12.4, §12.5): two calls of different threads that stand the wrong way round leave their arena in
 * another state; an exiting thread's cache is emptied and its arena given up, which others then see. So where a pointer
 * goes wrong, the last few batches are replayed under each explanation, and one that sets it right is taken for true.
 */
export class RecordedRun {
  run: ScenarioRun;
  /** exits put in, and lines put in order, of all the log; each stands for one pointer that was not foreseen */
  inferredExits = 0;
  inferredSwaps = 0;
  /** the first pointer that was not foreseen, be it that an explanation was found */
  firstDivergence: Divergence | null = null;
  /** exits put in at the log's end, which no pointer showed */
  lastExits = 0;
  /** what was found out of the break's moves past malloc */
  foreignSbrk = new ForeignSbrk();
  /** the runs of kindred versions (siblings.ts) that this was the run of, too, until their ways parted in this batch */
  readonly parted = new Map<Profile, RecordedRun>();

  /** exits and moves of the break put in with the last batch */
  #put: (Exit | Sbrk)[] = [];
  /** number of the last batch's first event */
  #first = 0;
  #past = new RecentPast();
  #failures = 0;
  /** the run if threads that may have ended did not, and the other way round; null where all is known */
  #otherwise: ScenarioRun | null = null;
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

  /** Pointers that are right only since their thread was given the arena that they show. */
  get arenaChoices(): number {
    return this.run.witness?.arenaChoices ?? 0;
  }

  /** What the last batch has shown, for the what-ifs. */
  get found(): (Exit | Sbrk | LateExits)[] {
    const shown = this.run.witness?.found ?? [];
    return [...this.#put, ...shown.filter(({ before }) => before >= this.#first)];
  }

  get replays(): Replays {
    return { run: this.run, contended: [], otherwise: this.#otherwise };
  }

  get judge(): PointerJudge {
    return judgeOf(this.run);
  }

  /** CPUs of the recorded process: as told, or as its arenas have shown; null while nobody knows */
  get cpus(): number | null {
    const { cpus, arenaLimit, par } = this.run.model;
    if (cpus !== UNKNOWN_CPUS) {
      return cpus;
    }
    return arenaLimit === 0 || par.arenaMax !== 0 ? null : Math.floor(arenaLimit / 8);
  }

  /** Bytes in use that no line of the log tells of: allocated before it began, or past its hook (unlogged.ts). */
  get unloggedBytes(): number {
    return this.run.model.unloggedGranules * GRANULE;
  }

  /** Pointers the model foresaw: those that only an inference set right are not among them. */
  get equal(): number {
    return Math.max(
      0,
      this.judge.equal -
        this.inferredExits -
        this.inferredSwaps -
        this.foreignSbrk.moves -
        this.explainedBySettings -
        this.arenaChoices,
    );
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
    this.#first = first;
    this.#put = [];
    if (this.run.witness !== null) {
      this.run.witness.found.length = 0;
    }
    this.judge.missed.length = 0;
    if (copy === null || this.#failures >= MAX_FAILURES || this.#isSpent) {
      this.#past.forget();
    } else {
      this.#past.keep(this.run, copy, first, insertions, next);
    }
    this.run.foresee(work.batch, work.actions, next);
    const parted: Parted[] = [];
    this.#replayFrom(0, work, first, insertions, parted);
    // Those that part from a copy come to the list while it is gone through.
    for (const { run, at } of parted) {
      // What was inserted up to there, the copies have behind them.
      const left = insertions.filter(({ before }) => before > first + at);
      run.#replayFrom(at, work, first, left, parted);
    }
  }

  #replayFrom(
    from: number,
    work: Work,
    first: number,
    insertions: readonly Insertion[],
    parted: Parted[],
  ): void {
    this.run.turns.onAboveBreak = (i) => this.#seekSbrk(work, i, first);
    this.run.turns.onParting = (at, profile, others) => {
      parted.push({ run: this.#part(profile, others), at });
    };
    replayBatch(this.run, work, first, insertions, from);
    this.run.turns.onAboveBreak = null;
    this.run.turns.onParting = null;
    this.firstDivergence ??= this.judge.firstDivergence;
    this.#event = first + work.batch.length;
  }

  /** The same run as one of a kindred version, and of others of its kin, which shares nothing with it. */
  #part(profile: Profile, others: readonly Profile[]): RecordedRun {
    const copy = new RecordedRun(this.run.cloneAs(profile), this.#foregone);
    copy.run.turns.kindred = others;
    for (const one of [profile, ...others]) {
      this.parted.set(one, copy);
    }
    copy.run.arenaTimeline = this.run.arenaTimeline?.clone() ?? null;
    copy.inferredExits = this.inferredExits;
    copy.inferredSwaps = this.inferredSwaps;
    copy.firstDivergence = this.firstDivergence;
    copy.foreignSbrk = this.foreignSbrk.clone();
    copy.#put = [...this.#put];
    copy.#first = this.#first;
    copy.#past = this.#past.cloneAs(profile);
    copy.#failures = this.#failures;
    copy.#event = this.#event;
    return copy;
  }

  /** The end of the log, and of threads. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    for (const one of insertions) {
      insert(this.run, one);
    }
    // Nothing more is explained.
    this.#past.forget();
    this.#otherwise = endedOtherwise(this.run, exits, (run) => this.#past.copyOf(run));
    this.lastExits = endThreads(this.run, exits);
    this.run.finish();
  }

  /** The last batch, with its lines in the order found out. */
  inOrder(work: Work): Work {
    const last = this.#past.batches.at(-1);
    return last?.isOwn === true ? last.work : work;
  }

  /**
   * Explains the pointers that went wrong in the last batch, as far as it can: by lines in another order, and by thread
   * exits if the log is not one that `tellsExits`.
   */
  infer(tellsExits: boolean): void {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const missed = this.judge.missed[0];
      if (!this.#past.isKept || missed === undefined || this.#isSpent) {
        return;
      }
      if (this.#explain(missed, tellsExits)) {
        if (this.#failures > 0) {
          this.#failures--;
        }
        continue;
      }
      // What cannot be explained is left as it is; what comes after may be.
      this.judge.missed.shift();
      if (++this.#failures >= MAX_FAILURES) {
        return;
      }
    }
  }

  /** The block of event `i` lies above the break: something else may have moved that (§12.7). */
  #seekSbrk(work: Work, i: number, first: number): void {
    const move = this.foreignSbrk.shownBy(this.run, work, i, first);
    if (move === null) {
      return;
    }
    this.firstDivergence ??= divergenceAt(this.run, work, i);
    insert(this.run, move);
    this.#past.tell(move);
    this.#put.push(move);
  }

  get #isSpent(): boolean {
    const found = this.inferredExits + this.inferredSwaps;
    const mayCost = FREE_COST + this.#event * COST_PER_EVENT + found * COST_PER_EXPLANATION;
    return this.#past.cost > mayCost;
  }

  #explain({ event, modelled }: Missed, tellsExits: boolean): boolean {
    const wrong = event - 1;
    const before = this.#past.replayTo(wrong);
    const isExplained =
      this.#explainByOrder(wrong, modelled, before) ||
      (!tellsExits && this.#explainByExit(wrong, before));
    this.#past.spend(before);
    return isExplained;
  }

  /** Tries other orders of lines that may have made event `wrong` (0-based) go wrong; the first that holds is true. */
  #explainByOrder(wrong: number, modelled: number, before: ScenarioRun): boolean {
    let left = MAX_ORDERS;
    for (const order of new OrderHypotheses(this.#past, wrong, modelled, before).orders()) {
      if (left-- === 0 || this.#isSpent) {
        return false;
      }
      const first = order.batch.first + order.from;
      const last = first + order.lines.length - 1;
      // Where the event itself is among the lines moved, all of them must come right.
      const bounds = { ...this.#bounds(before, MUST_HOLD_SWAP), wrong };
      if (first <= wrong && wrong < last) {
        bounds.wrong = last;
      }
      const run = this.#past.try(order, bounds);
      if (run === null) {
        continue;
      }
      this.#believe(order, run);
      this.inferredSwaps++;
      return true;
    }
    return false;
  }

  /** Tries the exits that may have made event `wrong` (0-based) go wrong, and puts in the best. */
  #explainByExit(wrong: number, before: ScenarioRun): boolean {
    const { work, first } = this.#past.batches[this.#past.indexOf(wrong)]!;
    const { pointerOut, size } = work.batch;
    const i = wrong - first;
    const place = judgeOf(before).placeOf(before.model, pointerOut[i]!, size[i]!);
    const likely = suspects(before.model, work.actions.thread[i]!, place);
    const threads = this.run.model.allThreads().map(({ index }) => index);
    let best: { exit: Exit; run: ScenarioRun } | null = null;
    let bounds = { ...this.#bounds(before, MUST_HOLD_EXIT), wrong };
    for (const exit of exitsBefore(this.#past, wrong, likely, threads)) {
      if (this.#isSpent) {
        break;
      }
      const run = this.#past.try(exit, bounds);
      if (run === null) {
        continue;
      }
      if (best !== null) {
        this.#past.spend(best.run);
      }
      best = { exit, run };
      bounds = { ...bounds, best: outcomeOf(judgeOf(run)) };
      if (judgeOf(run).missed.length === 0) {
        break;
      }
    }
    if (best === null) {
      return false;
    }
    this.#believe(best.exit, best.run);
    this.#put.push(best.exit);
    this.inferredExits++;
    return true;
  }

  #bounds(before: ScenarioRun, mustHold: number): Omit<Bounds, "wrong"> {
    const [, next] = this.judge.missed;
    const best = { next: next?.event ?? Number.POSITIVE_INFINITY, wrong: this.judge.wrong };
    return { allowed: judgeOf(before).wrong, mustHold, best };
  }

  #believe(explanation: Explanation, run: ScenarioRun): void {
    this.#past.believe(explanation);
    // What it was in the last few batches differs hardly, and ends with the same event.
    run.arenaTimeline = this.run.arenaTimeline;
    const before = this.run.turns.kindred;
    // Of the trial's, which began further back, some have gone their own ways since.
    const still = run.turns.kindred.filter((profile) => before.includes(profile));
    run.turns.kindred = still;
    this.#past.spend(this.run);
    this.run = run;
    for (const profile of before) {
      if (!still.includes(profile)) {
        this.#part(profile, []);
      }
    }
  }
}
