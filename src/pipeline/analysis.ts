import { otherAllocator } from "../insight/evidence/other-allocator.ts";
import { CutSizes } from "../recorded/explain/cut-sizes.ts";
import { RecordedRuns } from "../recorded/recorded-runs.ts";
import { Holes } from "../replay/writes/holes.ts";
import { Touch, TouchBatch } from "../replay/writes/touch.ts";
import type { TouchReading } from "../replay/writes/touch-reading.ts";
import { ActionBatch } from "../trace/actions.ts";
import { EventBatch, type Note } from "../trace/event.ts";
import { completed, type InSteps } from "../trace/in-steps.ts";
import { Ledger } from "../trace/ledger/ledger.ts";
import { LastCalls } from "../trace/order/last-calls.ts";
import { ThreadBuffers } from "../trace/order/thread-buffers.ts";
import { ThreadExits } from "../trace/order/thread-exits.ts";
import { TimeOrder } from "../trace/order/time-order.ts";
import { AllocatorSigns } from "../trace/signs/allocator-signs.ts";
import { FirstPointers } from "../trace/signs/first-pointers.ts";
import { PointerWidth } from "../trace/signs/pointer-width.ts";
import { type EventSink, feedCopies } from "../trace/sink.ts";
import { LogFacts } from "../trace/stated/log-facts.ts";
import { Marks } from "../trace/stated/marks.ts";
import { rssBytes } from "../what-if/rss-figures.ts";
import type { MaybeFigures } from "../what-if/scenario-figures.ts";
import { isAsRecorded } from "../what-if/sharing.ts";
import { InlineRunner, type WhatIfRunner } from "../what-if/what-if-runner.ts";
import type { Asked } from "../what-if/what-ifs.ts";
import type { AnalysisOptions } from "./analysis-options.ts";
import type { LogResult } from "./analysis-result.ts";
import { CauseSeries } from "./cause-series.ts";
import type { MeasuredRss } from "./finished-analysis.ts";
import { inTurns } from "./in-turns.ts";
import { modelResult, type OwnResult, ownResult } from "./model-result.ts";
import { MomentSearches } from "./moment-searches.ts";
import { isFitted, readingAtEnd } from "./observations.ts";
import { insertionsOf, PASSES, type Stage } from "./passes.ts";
import { RaiseSites } from "./raise-sites.ts";
import { refusedBy } from "./refused-what-ifs.ts";
import { refuseShortWords } from "./short-words.ts";
import { snapshotOf } from "./snapshot.ts";
import { type NeededWhatIfs, TriedWhatIfs } from "./tried-what-ifs.ts";

const NOTHING: InSteps = (function* () {})();

/**
 * One pass over a log: it feeds the ledger, the recorded run and the what-ifs batch by batch. The models are made with
 * the first batch, because the comments at the log's head state what to model.
 *
 * A batch waits until the next one is full: when a thread's exit takes effect may depend on lines that follow, and a line
 * of the next batch may belong further up.
 */
export class Analysis implements EventSink {
  readonly ledger: Ledger;
  readonly recorded: RecordedRuns;
  readonly #options: AnalysisOptions;
  readonly #runner: WhatIfRunner;
  readonly #facts = new LogFacts();
  readonly #measured: MeasuredRss[] = [];
  readonly #touch: Touch;
  readonly #holes = new Holes();
  readonly #cutSizes = new CutSizes();
  readonly #causeSeries = new CauseSeries();
  readonly #firstPointers = new FirstPointers();
  readonly #threadExits = new ThreadExits();
  readonly #lastCalls = new LastCalls();
  readonly #actions = new ActionBatch();
  readonly #touched = new TouchBatch();
  readonly #tried: TriedWhatIfs;
  #batch = new EventBatch();
  readonly #timeOrder = new TimeOrder();
  readonly #threadBuffers = new ThreadBuffers();
  readonly #allocatorSigns = new AllocatorSigns();
  readonly #raiseSites = new RaiseSites();
  readonly #marks = new Marks();
  readonly #moments: MomentSearches;
  readonly #pointerWidth = new PointerWidth();
  /** the replay of the oldest batch, as far as it has yet to be done */
  #replaying: InSteps = NOTHING;
  /** a batch has been consumed, perhaps of comments only */
  #hasConsumed = false;
  #hasEnded = false;
  /** a batch that was consumed, to be filled again */
  #spare: EventBatch | null = null;

  constructor(options: AnalysisOptions, runner: WhatIfRunner) {
    this.#options = options;
    this.ledger = new Ledger(options);
    this.#runner = runner;
    this.#tried = new TriedWhatIfs(options);
    this.#touch = new Touch(options.touch);
    this.#moments = new MomentSearches(options);
    this.recorded = new RecordedRuns(options, this.#facts, {
      accepts: (origin) => refusedBy(origin, options.whatIfs).size === 0,
      start: (origin, isAnchored) => {
        runner.start(origin, this.#tried.start(origin, isAnchored, this.ledger.threads.size));
      },
      take: (work, inferences) => runner.take(work, inferences),
    });
  }

  get batch(): EventBatch {
    return this.#batch;
  }

  /** the current batch has neither events nor comments */
  get isBatchEmpty(): boolean {
    return this.#batch.length + this.#batch.notes.length === 0;
  }

  /** Takes `batch` for the current one, which must be empty, and goes on to the next. Returns the empty one. */
  exchange(batch: EventBatch): EventBatch {
    const empty = this.#batch;
    this.#batch = batch;
    this.advance();
    return empty;
  }

  /** The oldest batch that waits is replayed in `whenReady`; at the latest here, when the next one is full. */
  advance(): void {
    completed(this.#replaying);
    const ready = this.#takeBatch();
    this.#batch = this.#spare ?? new EventBatch();
    this.#spare = null;
    if (ready !== null) {
      this.#replaying = this.#consume(ready);
    }
  }

  end(): void {
    this.#hasEnded = true;
    completed(this.drain());
    const insertions = this.#holes.finish();
    this.#moments.finish(insertions);
    const exits = this.recorded.finish(
      insertions,
      this.#threadExits.areLogged ? null : this.#lastCalls,
    );
    if (this.recorded.current !== null) {
      this.#runner.finish(insertions, exits);
    }
  }

  /** Consumes the batches that wait for lines that follow. None may follow any more. */
  *drain(): InSteps {
    yield* this.#replaying;
    const { length, notes } = this.#batch;
    const taken = length + notes.length > 0 ? this.#takeBatch() : null;
    this.#batch = new EventBatch();
    let ready = taken ?? this.#timeOrder.release();
    while (ready !== null) {
      yield* this.#consume(ready);
      ready = this.#timeOrder.release();
    }
  }

  async whenReady(): Promise<void> {
    await this.#runner.whenReady();
    await inTurns(this.#replaying);
  }

  whenEnding(): Promise<void> {
    this.#hasEnded = true;
    return inTurns(this.drain());
  }

  /** Returns how RSS is read from the planes. Must be called after the log's end, before `result`. */
  touchReading(): TouchReading {
    return readingAtEnd(this.#state(), this.recorded.current?.replay ?? null);
  }

  /**
   * Returns what has been found so far; null if that is nothing, or if the log has ended. The analysis goes on as if it
   * had not been asked. `coming`: batches that it will be given next.
   */
  snapshot(coming: readonly EventBatch[]): LogResult | null {
    if (this.#hasEnded) {
      return null;
    }
    completed(this.#replaying);
    const waiting = [...this.#timeOrder.waiting, this.#batch, ...coming].filter(
      ({ length, notes }) => length + notes.length > 0,
    );
    const { detection } = this.recorded;
    if (this.ledger.events === 0) {
      return this.#hasConsumed ? null : this.#resultOf(waiting);
    }
    return {
      ...this.#logResult(),
      ...snapshotOf({ ...this.#state(), detection, waiting, marks: this.#marks }),
    };
  }

  /** Returns a new analysis of the recorded run under the same options. */
  another(): Analysis {
    const whatIfs = this.#options.whatIfs.filter(isAsRecorded);
    return new Analysis({ ...this.#options, whatIfs, trials: [] }, new InlineRunner());
  }

  /** Returns what is in the batches that wait, if there are no others. */
  #resultOf(waiting: readonly EventBatch[]): LogResult | null {
    const analysis = this.another();
    feedCopies(analysis, waiting);
    return analysis.ledger.events === 0
      ? null
      : analysis.result(analysis.ownResult(analysis.touchReading()), []);
  }

  /**
   * Returns what was found without the what-ifs that have replays of their own, read as `touch` says; null without a model.
   * Must be called once: it makes the malloc_trim calls at the end.
   */
  ownResult(touch: TouchReading): OwnResult | null {
    const { detection } = this.recorded;
    return detection === null
      ? null
      : ownResult({
          ...this.#state(),
          detection,
          touchReading: touch,
          refused: this.#tried.refused,
          needed: this.#needed,
        });
  }

  /** Returns what the runner must give after the log's end, before `ownResult` trims the recorded run. */
  askedOf({ reading }: TouchReading): Asked {
    const { replayed, baseline } = this.#needed;
    const run = this.recorded.current;
    const recorded = run === null || baseline !== null ? null : rssBytes(run.replay, reading);
    return { specs: replayed, recorded, explains: this.#options.explainsWhatIfs !== false };
  }

  /** Returns what was found. `whatIfs` are the runner's figures of what it was asked for. */
  result(own: OwnResult | null, whatIfs: readonly MaybeFigures[]): LogResult {
    const specs = this.#needed.replayed;
    const figures = new Map(whatIfs.map((one, n) => [specs[n]!, one]));
    return { ...this.#logResult(), model: own && modelResult(own, figures) };
  }

  #logResult(): Omit<LogResult, "model"> {
    return {
      ledger: this.ledger,
      threadNames: this.#facts.threadNames,
      mappings: this.#facts.mappings,
      statedProcess: this.#facts.statedProcess,
      movedLate: this.#timeOrder.moved,
      marks: this.#marks,
      threadBuffers: this.#threadBuffers,
      allocatorSigns: this.#allocatorSigns,
      pointerBits: this.#pointerWidth.isWhole ? 64 : 32,
    };
  }

  #state() {
    return {
      options: this.#options,
      facts: this.#facts,
      ledger: this.ledger,
      touch: this.#touch,
      holes: this.#holes,
      cutSizes: this.#cutSizes,
      measured: this.#measured,
      causeSeries: this.#causeSeries,
      raiseSites: this.#raiseSites,
      moments: this.#moments,
    };
  }

  get #hasModel(): boolean {
    return this.#options.model && !this.#facts.hasOtherAddresses;
  }

  /** Adds the current batch to those that wait. Returns the oldest one if more wait than must. */
  #takeBatch(): EventBatch | null {
    this.#threadBuffers.read(this.#batch);
    this.#allocatorSigns.read(this.#batch);
    return this.#timeOrder.take(this.#batch);
  }

  get #needed(): NeededWhatIfs {
    return this.#tried.neededBy(this.ledger, this.recorded.current);
  }

  /**
   * Replays the oldest batch. Restores cut sizes first. Where only a replay just before an event can judge its size, the
   * batch is split there.
   */
  *#consume(batch: EventBatch): InSteps {
    this.#hasConsumed = true;
    const { next } = this.#timeOrder;
    let rest = batch;
    let from = 0;
    while (this.#hasModel) {
      const at = this.#cutSizes.correct(rest, from, next, this.recorded.current);
      if (at < 0) {
        break;
      }
      if (at > 0) {
        const [head, tail] = rest.splitAt(at);
        yield* this.#replay(head, tail);
        rest = tail;
      }
      this.#cutSizes.judgeFirst(rest, next, this.recorded.current, this.ledger.events + 1);
      from = 1;
    }
    yield* this.#replay(rest, next);
    batch.clear();
    this.#spare = batch;
  }

  *#replay(batch: EventBatch, next: EventBatch | null): InSteps {
    const samples = this.#readNotes(batch);
    this.#threadExits.areLogged ||= this.#facts.logsExits;
    const hasHoles = this.#holes.concerns(batch.notes);
    if (batch.length === 0 && samples.size === 0 && !hasHoles) {
      return;
    }
    const timeBefore = this.ledger.clock.last;
    this.#pointerWidth.read(batch);
    this.ledger.pointersMayBeCut = !this.#pointerWidth.isWhole;
    const stage = this.#stage(batch, next, samples);
    for (const pass of PASSES) {
      if (this.#hasModel || !pass.forModel) {
        pass.run(stage);
      }
    }
    const { first } = stage;
    this.#marks.take(batch, first);
    this.#moments.take(batch, this.ledger.clock.least, stage);
    // Only now are the batch's times on one clock.
    for (const [{ at }, bytes] of samples) {
      const time = at > 0 ? batch.time[at - 1]! : timeBefore;
      this.#measured.push({ time, events: first + at, bytes });
    }
    if (!this.#hasModel) {
      return;
    }
    if (this.recorded.detection === null && otherAllocator(this.#allocatorSigns) === null) {
      refuseShortWords(batch, next, this.#facts);
    }
    const work = { batch, actions: this.#actions, touch: this.#touched };
    yield* this.recorded.replay(
      { work, first, logged: insertionsOf(stage), next },
      {
        threads: this.ledger.threads.size,
        swappedLines: this.ledger.anomalies.swapped + this.#timeOrder.moved,
        seesWholePointers: this.#pointerWidth.isWhole,
        logsExits: this.#threadExits.areLogged,
        isMeasured: isFitted(this.#options.touch, this.#measured),
        moments: this.#moments.found,
      },
    );
    this.#raiseSites.note(this.recorded, batch);
    for (const { thread, before } of this.recorded.shownExits) {
      this.#lastCalls.confirm(thread, before);
    }
    if (this.recorded.detection !== null && this.#options.samples !== false) {
      this.#causeSeries.takeIfDue(this.recorded.detection, this.ledger);
    }
  }

  #stage(batch: EventBatch, next: EventBatch | null, samples: ReadonlyMap<Note, number>): Stage {
    return {
      batch,
      first: this.ledger.events,
      next,
      samples,
      actions: this.#actions,
      touched: this.#touched,
      ledger: this.ledger,
      firstPointers: this.#firstPointers,
      threadExits: this.#threadExits,
      lastCalls: this.#lastCalls,
      touch: this.#touch,
      holes: this.#holes,
      coming: [],
      exits: [],
      logged: [],
    };
  }

  /** Reads the batch's comments. Returns the RSS samples among them, in bytes. */
  #readNotes(batch: EventBatch): Map<Note, number> {
    const samples = new Map<Note, number>();
    for (const note of batch.notes) {
      const bytes = this.#facts.read(note);
      if (bytes !== null) {
        samples.set(note, bytes);
      }
    }
    return samples;
  }
}
