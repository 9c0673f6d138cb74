import { cpusByLimit } from "../ptmalloc/arenas.ts";
import { GRANULE } from "../ptmalloc/chunks.ts";
import type { Profile } from "../ptmalloc/profile.ts";
import {
  type Exit,
  type Insertion,
  insert,
  insertAll,
  isExit,
  type LateExits,
  replayBatch,
  type Sbrk,
} from "../replay/insertions.ts";
import { endedOtherwise, endThreads, type LastExits } from "../replay/last-exits.ts";
import type { KeptWork } from "../replay/peak/kept-works.ts";
import type { Missed, PointerJudge } from "../replay/pointers/pointer-judge.ts";
import type { Replay } from "../replay/replay.ts";
import type { ReplayedBatch, Work } from "../replay/work.ts";
import type { InSteps } from "../trace/in-steps.ts";
import { bestExplanation } from "./explain/best-explanation.ts";
import { exitsBefore, postponedExits } from "./explain/exits.ts";
import type { Bounds, Explanation, Postponed } from "./explain/explanation.ts";
import { divergenceAt, ForeignSbrk } from "./explain/foreign-sbrk.ts";
import { OrderHypotheses } from "./explain/order.ts";
import { RecentPast } from "./explain/past.ts";
import { RecycledReplays } from "./explain/recycled-replays.ts";
import { hasFailed, isOverBudget } from "./explain/search-limits.ts";
import { suspects } from "./explain/suspects.ts";
import type { GuidedReplay } from "./guided-replay.ts";
import { RecordedPeak } from "./recorded-peak.ts";
import { NOTHING_COUNTED } from "./run-counts.ts";

/** Mismatches explained per batch. */
const MAX_ROUNDS = 24;
/** Orders tried per mismatch. */
const MAX_ORDERS = 12;
/**
 * Events after the one explained that must match, too: a wrong explanation seldom holds that long. Where lines stand in
 * the wrong order, the next mismatches follow soon.
 */
const MUST_HOLD_SWAP = 8;
const MUST_HOLD_EXIT = 200;

/** A run split off at event `at` of the batch, from where it has yet to be replayed. */
interface SplitOff {
  readonly run: RecordedRun;
  readonly at: number;
}

/**
 * The recorded run under one version's rules. A log may show neither which call came first nor when threads ended. The
 * first mismatch shows it (ptmalloc2.md §12.4, §12.5): two calls of different threads in the wrong order leave their
 * arena in another state; an exit empties the thread's tcache and releases its arena, which other threads then use. So
 * at a mismatch the last few batches are replayed under each possible explanation, and the one that makes the pointers
 * match is accepted.
 */
export class RecordedRun {
  guided: GuidedReplay;
  /** runs of sibling versions (siblings.ts) that were split off from this one in the last batch, by version */
  readonly splitOff = new Map<Profile, RecordedRun>();
  readonly foreignSbrk = new ForeignSbrk();
  readonly state = { ...NOTHING_COUNTED };

  /** exits, and moves of the break, in the last batch */
  #inserted: (Exit | Sbrk)[] = [];
  /** exits that the pointers of the last batch show */
  readonly shownExits: Exit[] = [];
  #past: RecentPast;
  /** what it takes to return to the peak */
  peak: RecordedPeak;
  /** the run under the opposite assumption about uncertain exits; null where all are certain */
  otherwise: Replay | null = null;

  /** `recycled`: shared with the runs of other versions */
  constructor(guided: GuidedReplay, settledBefore = 0, recycled = new RecycledReplays()) {
    this.guided = guided;
    this.#past = new RecentPast(recycled);
    this.peak = new RecordedPeak(recycled);
    this.state.settledBefore = settledBefore;
  }

  get judge(): PointerJudge {
    return this.guided.judge;
  }

  /** pointers that match only because of inferred settings */
  get explainedBySettings(): number {
    return this.state.settledBefore + this.guided.witness.state.explained;
  }

  /** pointers that match only because their thread was given the arena that they show */
  get arenaChoices(): number {
    return this.guided.witness.arenaChoices;
  }

  /** insertions in the last batch that the what-ifs must follow, too */
  get inferred(): (Exit | Sbrk | LateExits)[] {
    const shown = this.guided.witness.found;
    return [...this.#inserted, ...shown.filter(({ before }) => before >= this.state.first)];
  }

  /** exits and orders of lines found by a search */
  get explanations(): number {
    return this.state.inferredExits + this.state.inferredSwaps;
  }

  /** CPUs of the recorded process, given or shown by its arenas; null while unknown */
  get cpus(): number | null {
    const shown = cpusByLimit(this.guided.model);
    return shown !== null && shown.from === shown.to ? shown.from : null;
  }

  /** the most CPUs that its arenas allow, which give what-ifs the same limit; null while unknown */
  get mostCpus(): number | null {
    return cpusByLimit(this.guided.model)?.to ?? null;
  }

  /** bytes in use that were allocated outside the log: before it began, or past its hook (unlogged.ts) */
  get unloggedBytes(): number {
    return this.guided.model.unloggedGranules * GRANULE;
  }

  /** pointers that the model matches without an inference */
  get matched(): number {
    const searched = this.explanations + this.foreignSbrk.state.moves;
    const inferred = searched + this.explainedBySettings + this.arenaChoices;
    return Math.max(0, this.judge.matched - inferred);
  }

  /**
   * Replays a batch with the logged insertions among its calls. `kept` is the same work, to be replayed again.
   * `mayInfer`: the log may leave out something. `next` is the batch that follows; null at the log's end.
   */
  replay(
    work: Work,
    next: ReplayedBatch | null,
    insertions: readonly Insertion[],
    kept: KeptWork,
    mayInfer: boolean,
  ): void {
    const first = this.state.event;
    this.state.first = first;
    const exits = insertions.filter((one) => isExit(one, this.guided.model.profile));
    this.#inserted = exits.map(({ before, thread }) => ({ kind: "exit", before, thread }));
    this.state.lastExits += exits.filter(({ kind }) => kind === "suggestedExit").length;
    this.guided.witness.found.length = 0;
    this.judge.missed.length = 0;
    this.shownExits.length = 0;
    const infers = mayInfer && !this.#hasFailed && !this.#isOverBudget;
    if (!infers || this.#past.isFull || !this.#past.isKept) {
      this.peak.settle(this.#past, this.guided);
    }
    if (infers) {
      this.#past.keep(this.guided, kept, first, insertions, next);
    } else {
      this.peak.take(this.guided, kept, first, insertions, next);
    }
    this.guided.beginBatch(work, next);
    const splitOff: SplitOff[] = [];
    this.#replayFrom(0, work, first, insertions, splitOff);
    // A run that is split off from one split off before joins the list during the loop.
    for (const { run, at } of splitOff) {
      // The copy already contains the insertions up to the split.
      const left = insertions.filter(({ before }) => before > first + at);
      run.#replayFrom(at, work, first, left, splitOff);
    }
  }

  #replayFrom(
    from: number,
    work: Work,
    first: number,
    insertions: readonly Insertion[],
    splitOff: SplitOff[],
  ): void {
    this.guided.onAboveBreak = (i) => this.#findSbrk(work, i, first);
    this.guided.siblings.onSplit = (at, profile, others) => {
      splitOff.push({ run: this.#split(profile, others), at });
    };
    replayBatch(this.guided.replay, work, first, insertions, from);
    this.guided.onAboveBreak = null;
    this.guided.siblings.onSplit = null;
    this.state.firstDivergence ??= this.judge.state.firstDivergence;
    this.state.event = first + work.batch.length;
  }

  /** Splits off a run that follows the rules of a sibling version, and stands for `others` of its siblings. */
  #split(profile: Profile, others: readonly Profile[]): RecordedRun {
    const copy = this.#copyWith(this.guided.cloneAs(profile));
    copy.guided.siblings.profiles = others;
    for (const one of [profile, ...others]) {
      this.splitOff.set(one, copy);
    }
    copy.#inserted = [...this.#inserted];
    copy.#past = this.#past.cloneAs(profile);
    copy.peak = this.peak.share(copy.guided);
    return copy;
  }

  /** Returns a run in the same state that shares nothing. It explains no mismatches. */
  clone(): RecordedRun {
    const copy = this.#copyWith(this.guided.clone());
    copy.peak = this.peak.share(copy.guided);
    copy.peak.settle(this.#past.cloneAs(this.guided.model.profile), copy.guided);
    return copy;
  }

  #copyWith(guided: GuidedReplay): RecordedRun {
    const copy = new RecordedRun(guided);
    guided.arenaSeries = this.guided.arenaSeries?.clone() ?? null;
    Object.assign(copy.state, this.state);
    copy.foreignSbrk.copy(this.foreignSbrk);
    return copy;
  }

  /** The log ends: applies its last insertions and ends the threads that have ended. */
  finish(insertions: readonly Insertion[], exits: LastExits): void {
    // A copy takes the memory of the past.
    this.peak.settle(this.#past, this.guided);
    this.peak.end(this.guided, ({ replay }) => {
      insertAll(replay, insertions);
      endThreads(replay, exits);
      replay.finish();
    });
    const { replay } = this.guided;
    insertAll(replay, insertions);
    this.otherwise = endedOtherwise(replay, exits, () => this.#past.copyOf(this.guided).replay);
    this.#past.close();
    this.state.lastExits += endThreads(replay, exits);
    replay.finish();
  }

  /** Returns the last batch's work, with its lines in the inferred order. */
  inOrder(work: Work): Work {
    const last = this.#past.batches.at(-1);
    return last?.isOwn ? last.work : work;
  }

  /**
   * Explains the mismatches of the last batch as far as possible: by another order of lines, and by thread exits unless
   * the log has thread_exit lines (`logsExits`).
   */
  *infer(logsExits: boolean): InSteps {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const missed = this.judge.missed[0];
      if (!this.#past.isKept || missed === undefined || this.#isOverBudget) {
        return;
      }
      const isExplained = this.#explain(missed, logsExits);
      yield;
      if (isExplained) {
        if (this.state.failures > 0) {
          this.state.failures--;
        }
        continue;
      }
      // An unexplained mismatch is skipped; the next ones may have an explanation.
      this.judge.missed.shift();
      this.state.failures++;
      if (this.#hasFailed) {
        return;
      }
    }
  }

  /** The block of event `i` lies above the break: a foreign sbrk may have moved it (§12.7). */
  #findSbrk(work: Work, i: number, first: number): void {
    const move = this.foreignSbrk.shownBy(this.guided, work, i, first);
    if (move === null) {
      return;
    }
    this.state.firstDivergence ??= divergenceAt(this.guided, work, i);
    insert(this.guided.replay, move);
    this.#past.addSbrk(move);
    this.peak.addSbrk(move);
    this.#inserted.push(move);
  }

  get #hasFailed(): boolean {
    return hasFailed(this.state.failures, this.state.event);
  }

  get #isOverBudget(): boolean {
    return isOverBudget(this.#past.cost, this.state.event, this.explanations);
  }

  #explain({ event, modelled }: Missed, logsExits: boolean): boolean {
    const mismatch = event - 1;
    const before = this.#past.replayTo(mismatch);
    const isExplained =
      this.#explainByPostponing(mismatch, before) ||
      this.#explainByOrder(mismatch, modelled, before) ||
      (!logsExits && this.#explainByExit(mismatch, before));
    this.#past.recycle(before);
    return isExplained;
  }

  /** Tries other orders of lines for the mismatch at event `mismatch` (0-based), and accepts the first that holds. */
  #explainByOrder(mismatch: number, modelled: number, before: GuidedReplay): boolean {
    let left = MAX_ORDERS;
    for (const order of new OrderHypotheses(this.#past, mismatch, modelled, before).orders()) {
      if (left-- === 0 || this.#isOverBudget) {
        return false;
      }
      const first = order.batch.first + order.from;
      const last = first + order.lines.length - 1;
      // If the event itself is among the moved lines, all of them must match.
      const bounds = { ...this.#bounds(before, MUST_HOLD_SWAP), mismatch };
      if (first <= mismatch && mismatch < last) {
        bounds.mismatch = last;
      }
      const guided = this.#past.try(order, bounds);
      if (guided === null) {
        continue;
      }
      this.#accept(order, guided);
      this.state.inferredSwaps++;
      return true;
    }
    return false;
  }

  /** Tries the exits that may explain the mismatch at event `mismatch` (0-based), and accepts the best. */
  #explainByExit(mismatch: number, before: GuidedReplay): boolean {
    const { work, first } = this.#past.batches[this.#past.indexOf(mismatch)]!;
    const { pointerOut, size } = work.batch;
    const i = mismatch - first;
    const place = before.judge.addresses.placeOf(before.model, pointerOut[i]!, size[i]!);
    const likely = suspects(before.model, work.actions.thread[i]!, place);
    const exits = exitsBefore(this.#past, mismatch, likely, this.guided.model.threads);
    const exit = this.#acceptBest(exits, mismatch, before);
    if (exit === null) {
      return false;
    }
    this.#inserted.push(exit);
    this.shownExits.push(exit);
    this.state.inferredExits++;
    return true;
  }

  /** Tries to postpone the exits before the mismatch at event `mismatch` (0-based), and accepts the best. */
  #explainByPostponing(mismatch: number, before: GuidedReplay): boolean {
    const exits = postponedExits(this.#past, mismatch, this.guided.model.profile);
    const postponed = this.#acceptBest(exits, mismatch, before);
    if (postponed === null) {
      return false;
    }
    const { exit, before: later } = postponed;
    const at = this.#inserted.findIndex(
      (one) => one.kind === "exit" && one.thread === exit.thread && one.before === exit.before,
    );
    if (at >= 0) {
      this.#inserted[at] = { kind: "exit", before: later, thread: exit.thread };
    }
    this.state.inferredSwaps++;
    return true;
  }

  /** Accepts the best of the explanations of the mismatch at event `mismatch` (0-based); null if none holds. */
  #acceptBest<E extends Exit | Postponed>(
    explanations: Iterable<E>,
    mismatch: number,
    before: GuidedReplay,
  ): E | null {
    const bounds = { ...this.#bounds(before, MUST_HOLD_EXIT), mismatch };
    const best = bestExplanation(this.#past, explanations, bounds, () => this.#isOverBudget);
    if (best === null) {
      return null;
    }
    this.#accept(best.explanation, best.guided);
    return best.explanation;
  }

  #bounds({ judge }: GuidedReplay, mustHold: number): Omit<Bounds, "mismatch"> {
    const [, next] = this.judge.missed;
    const best = {
      next: next?.event ?? Number.POSITIVE_INFINITY,
      mismatches: this.judge.mismatches,
    };
    return { allowed: judge.mismatches, mustHold, best };
  }

  #accept(explanation: Explanation, guided: GuidedReplay): void {
    this.#past.accept(explanation);
    // The series hardly differs within the last few batches, and ends with the same event.
    guided.arenaSeries = this.guided.arenaSeries;
    const before = this.guided.siblings.profiles;
    // The trial began further back, with more siblings: some have been split off since.
    const still = guided.siblings.profiles.filter((profile) => before.includes(profile));
    guided.siblings.profiles = still;
    this.#past.recycle(this.guided);
    this.guided = guided;
    for (const profile of before) {
      if (!still.includes(profile)) {
        this.#split(profile, []);
      }
    }
  }
}
