import { areKindred } from "../ptmalloc/kindred.ts";
import type { Ptmalloc } from "../ptmalloc/ptmalloc.ts";
import { ArenaTimeline } from "../recorded/arena-series.ts";
import { type Candidate, Detection, MAX_INFERRING } from "../recorded/detect.ts";
import { CutSizes } from "../recorded/explain/cut-sizes.ts";
import { WINDOW_BATCHES } from "../recorded/explain/past.ts";
import { SettingHypotheses } from "../recorded/explain/process-settings.ts";
import {
  modelFor,
  parFor,
  type RecordedProcess,
  recordedProcesses,
  SettingRefused,
} from "../recorded/models.ts";
import { RecordedRun } from "../recorded/recorded-run.ts";
import type { AnalysisOptions, ScenarioSpec } from "../replay/analysis-options.ts";
import { type LastExits, lastExits, NO_EXITS } from "../replay/last-exits.ts";
import { CUT, PointerJudge } from "../replay/pointers/pointer-judge.ts";
import { MMAP_THRESHOLD } from "../replay/pointers/pointer-witness.ts";
import { ScenarioRun } from "../replay/scenario-run.ts";
import { copyWork, type Insertion, type Work } from "../replay/work.ts";
import { Holes } from "../replay/writes/holes.ts";
import { Touch, TouchBatch } from "../replay/writes/touch.ts";
import { ActionBatch } from "../trace/actions.ts";
import { EventBatch, type Note, Op } from "../trace/event.ts";
import { Ledger } from "../trace/ledger.ts";
import { LogFacts } from "../trace/log-facts.ts";
import { LastCalls } from "../trace/order/last-calls.ts";
import { ThreadExits } from "../trace/order/thread-exits.ts";
import type { EventSink } from "../trace/sink.ts";
import type { WhatIfLane } from "../what-if/runner.ts";
import { type Findings, isAsRecorded } from "../what-if/what-ifs.ts";

/** An RSS that the log carries; the runs as recorded have a probe for each. */
export interface MeasuredRss {
  /** µs on the log's clock; NaN when unknown */
  readonly time: number;
  /** events of the log before it */
  readonly events: number;
  readonly bytes: number;
}

/**
 * One pass over a log: the ledger, the run as recorded and every what-if, batch by batch. Models are made when the
 * first batch is there, since the comments at the log's head say what they are to be. Where nobody says which glibc
 * the log is of, the run as recorded is one for each that it may be, until all but the right one have gone wrong.
 *
 * A batch waits until the next one is full: a thread's exit may depend on lines that follow, and a line that belongs
 * further up may come with them.
 */
export class Analysis implements EventSink {
  readonly options: AnalysisOptions;
  readonly ledger = new Ledger();
  readonly facts = new LogFacts();
  readonly measured: MeasuredRss[] = [];
  readonly touch: Touch;
  readonly holes = new Holes();
  readonly cutSizes = new CutSizes();
  readonly #actions = new ActionBatch();
  readonly #touched = new TouchBatch();
  readonly #exits = new ThreadExits();
  readonly #lastCalls = new LastCalls();
  /** the latest batches, as runs keep them in their past */
  readonly #copies: Work[] = [];
  #batch = new EventBatch();
  #waiting: EventBatch | null = null;
  #detection: Detection | null = null;
  readonly #lane: WhatIfLane;
  #started = false;
  #refused: unknown = null;
  /** null where the settings are known */
  #hypotheses: SettingHypotheses | null = null;
  /** settings found out that the what-ifs have been told of */
  readonly #toldSettings = new Map<string, number>();
  /** the log has thread_exit lines: no exits are to be inferred */
  #tellsExits = false;
  /** an address of 2^32 or more was seen: the log's pointers are whole */
  #sawHighAddress = false;

  /** `lane` is where the what-ifs are replayed */
  constructor(options: AnalysisOptions, lane: WhatIfLane) {
    this.options = options;
    this.#lane = lane;
    this.touch = new Touch(options.touch);
  }

  #lastExits({ profile }: RecordedProcess): LastExits {
    return this.#tellsExits ? NO_EXITS : lastExits(this.#lastCalls, profile);
  }

  get batch(): EventBatch {
    return this.#batch;
  }

  advance(): void {
    const full = this.#batch;
    const spare = this.#waiting;
    if (spare !== null) {
      this.#consume(spare, full);
    }
    spare?.clear();
    this.#batch = spare ?? new EventBatch();
    this.#waiting = full;
  }

  end(): void {
    if (this.#waiting !== null) {
      this.#consume(this.#waiting, this.#batch);
    }
    this.#consume(this.#batch, null);
    this.#waiting = null;
    const insertions = this.holes.finish();
    for (const { origin, recorded } of this.#detection?.runs ?? []) {
      recorded.finish(insertions, this.#lastExits(origin));
    }
    if (this.recorded === null) {
      return;
    }
    const exits = this.#lastExits(this.recorded.origin);
    this.#lane.finish(insertions, exits);
  }

  /** the run as recorded under the glibc that agrees best; null under --no-model, and before the first event */
  get recorded(): Candidate | null {
    return this.#detection?.best ?? null;
  }

  get detection(): Detection | null {
    return this.#detection;
  }

  /** the scenarios that have models of their own; those of the others are the run as recorded */
  get whatIfs(): readonly ScenarioSpec[] {
    return this.options.whatIfs.filter((spec) => !isAsRecorded(spec));
  }

  whenReady(): Promise<void> | null {
    return this.#lane.room();
  }

  get pointerBits(): 32 | 64 {
    return this.#sawHighAddress ? 64 : 32;
  }

  /**
   * What follows reads sizes as they are in truth. Where one may have been cut, and only a run that has come up to it
   * can tell, the batch is split there.
   */
  #consume(batch: EventBatch, next: EventBatch | null): void {
    let rest = batch;
    let from = 0;
    const run = () => this.recorded?.recorded.run ?? null;
    while (this.options.model) {
      const at = this.cutSizes.correct(rest, from, next, run());
      if (at < 0) {
        break;
      }
      if (at > 0) {
        const [head, tail] = rest.splitAt(at);
        this.#replay(head, tail);
        rest = tail;
      }
      this.cutSizes.judgeFirst(rest, next, run(), this.ledger.events + 1);
      from = 1;
    }
    this.#replay(rest, next);
  }

  #replay(batch: EventBatch, next: EventBatch | null): void {
    const samples = this.#readNotes(batch);
    const tellsOfHoles = this.holes.concerns(batch.notes);
    if (batch.length === 0 && samples.size === 0 && !tellsOfHoles) {
      return;
    }
    const before = this.ledger.clock.last;
    this.#seeAddresses(batch);
    this.ledger.pointersMayBeCut = !this.#sawHighAddress;
    this.ledger.resolve(batch, this.#actions, next);
    // Only now, for the ledger's clock mends times that run past midnight.
    const begun = this.ledger.events - batch.length;
    for (const [{ at }, bytes] of samples) {
      const time = at > 0 ? batch.time[at - 1]! : before;
      this.measured.push({ time, events: begun + at, bytes });
    }
    if (!this.options.model) {
      return;
    }
    this.#detection ??= this.#startDetection();
    this.#exits.place(batch, this.#actions, next);
    this.touch.fill(batch, this.#actions, this.#touched);
    const work = { batch, actions: this.#actions, touch: this.#touched };
    const told = this.holes.follow(work, samples, this.ledger);
    const first = this.ledger.events - batch.length;
    this.#lastCalls.read(batch, this.#actions, first);
    this.#tellsExits ||= batch.op.subarray(0, batch.length).includes(Op.threadExit);
    this.#hypotheses?.keep(work, first, told);
    const believed = this.#replayRecorded(work, next, first, told);
    // What-ifs come last: a version believed in for want of a setting may not take theirs.
    if (!this.#explainBySettings()) {
      this.#replayWhatIfs(work, first, told, believed);
    }
  }

  /**
   * One batch, whose first event has number `first`, through the run as recorded. Returns the candidate that was the
   * best before it was held against the others.
   */
  #replayRecorded(
    work: Work,
    next: EventBatch | null,
    first: number,
    told: readonly Insertion[],
  ): Candidate {
    const detection = this.#detection!;
    if (!this.#started) {
      detection.rank({ work, first, told });
    }
    const copy = this.#mayInfer ? this.#keepCopy(work) : null;
    detection.runs.forEach(({ recorded }, rank) => {
      if (recorded.run.witness !== null) {
        recorded.run.witness.tellsExits = this.#tellsExits;
      }
      recorded.replay(work, next, told, rank < MAX_INFERRING ? copy : null);
    });
    detection.part();
    const believed = detection.best;
    // Only then are any dropped: what goes wrong under the right version may need an explanation.
    detection.infer(this.#tellsExits);
    detection.part();
    detection.narrow();
    return believed;
  }

  /** The work, to be kept until as many batches have followed as a past can hold. */
  #keepCopy(work: Work): Work {
    const spent = this.#copies.length < WINDOW_BATCHES ? null : (this.#copies.shift() ?? null);
    const copy = copyWork(work, spent);
    this.#copies.push(copy);
    return copy;
  }

  /**
   * Whether the log may not tell all that the allocator did: which call came first, and the exits of threads. A log that
   * tells exits has to show that first: most such logs are in the allocator's own order, and to keep their past costs.
   */
  get #mayInfer(): boolean {
    if (this.ledger.threads.size <= 1) {
      return false;
    }
    const { judge } = this.#detection!.best.recorded;
    return !this.#tellsExits || this.ledger.anomalies.swapped > 0 || judge.wrong > 0;
  }

  /**
   * Where the log's beginning shows that the process had settings which nobody told of, all begins anew with them, up
   * to this batch. True if so.
   */
  #explainBySettings(): boolean {
    const { judge } = this.#detection!.best.recorded;
    const origins = this.#hypotheses?.explain(judge.wrong) ?? [];
    if (origins.length === 0) {
      return false;
    }
    this.#detection = new Detection(this.#candidates(origins));
    this.#started = false;
    this.#toldSettings.clear();
    for (const { work, first, told } of this.#hypotheses!.kept) {
      const believed = this.#replayRecorded(work, null, first, told);
      this.#replayWhatIfs(work, first, told, believed);
    }
    this.#hypotheses!.close();
    return true;
  }

  #replayWhatIfs(work: Work, first: number, told: readonly Insertion[], before: Candidate): void {
    const { best } = this.#detection!;
    if (!this.#started) {
      this.#startWhatIfs(best);
    }
    // Exits found out with this batch may lie in earlier ones, which the what-ifs have behind them.
    const found = best.recorded.found.map((one) => ({
      ...one,
      before: Math.max(one.before, first),
    }));
    const writes = told.filter(({ what }) => what === "writes");
    this.#lane.take(best.recorded.inOrder(work), {
      first,
      insertions: [...writes, ...found].sort((a, b) => a.before - b.before),
      unloggedBytes: best.recorded.unloggedBytes,
      cpus: best.recorded.cpus,
      ...this.#settingsToTell(best),
      // What-ifs of the version believed in so far go on under the rules of the one that turned out to be right.
      glibc: best === before ? null : best.origin.glibc,
    });
  }

  /** Settings that the recorded run's pointers have shown hold for the what-ifs that do not set them, too. */
  #settingsToTell({ recorded }: Candidate): Pick<Findings, "settings" | "retractsThreshold"> {
    const settings = recorded.run.witness?.settings ?? [];
    const told = settings.filter(({ name, value }) => this.#toldSettings.get(name) !== value);
    for (const { name, value } of told) {
      this.#toldSettings.set(name, value);
    }
    // A threshold may turn out to be none; a limit on arenas is told only once it is confirmed.
    const isShown = settings.some(({ name }) => name === MMAP_THRESHOLD);
    const retractsThreshold = !isShown && this.#toldSettings.delete(MMAP_THRESHOLD);
    return { settings: told.map(({ name, value }) => ({ name, value })), retractsThreshold };
  }

  /** Takes in the batch's comments. Returns the RSS samples among them, in bytes. */
  #readNotes(batch: EventBatch): Map<Note, number> {
    const samples = new Map<Note, number>();
    for (const note of batch.notes) {
      const bytes = this.facts.read(note);
      if (bytes !== null) {
        samples.set(note, bytes);
      }
    }
    return samples;
  }

  #seeAddresses(batch: EventBatch): void {
    for (let i = 0; i < batch.length && !this.#sawHighAddress; i++) {
      this.#sawHighAddress =
        batch.caller[i]! >= CUT || batch.pointerOut[i]! >= CUT || batch.pointerIn[i]! >= CUT;
    }
    if (!this.#sawHighAddress) {
      return;
    }
    for (const { recorded } of this.#detection?.runs ?? []) {
      recorded.judge.seeWholePointers();
    }
  }

  #startDetection(): Detection {
    const origins = recordedProcesses(this.options, this.facts);
    const candidates = this.#candidates(origins);
    if (candidates.length === 0) {
      throw this.#refused;
    }
    if (origins[0]?.settingsSource === "default") {
      this.#hypotheses = new SettingHypotheses(origins, (origin) => this.#judgedRun(origin));
    }
    return new Detection(candidates);
  }

  #candidates(origins: readonly RecordedProcess[]): Candidate[] {
    const candidates: Candidate[] = [];
    for (const origin of origins) {
      const alike = candidates.find((one) => areAlike(one.origin, origin))?.recorded;
      const recorded = alike ?? this.#recordedRun(origin);
      if (recorded === null) {
        continue;
      }
      if (alike !== undefined) {
        alike.run.turns.kindred = [...alike.run.turns.kindred, origin.profile];
      }
      candidates.push({ origin, recorded });
    }
    return candidates;
  }

  #recordedRun(origin: RecordedProcess): RecordedRun | null {
    const run = this.#judgedRun(origin);
    if (run === null) {
      return null;
    }
    run.arenaTimeline = new ArenaTimeline();
    return new RecordedRun(run, origin.shown.length);
  }

  /** A run as recorded; null for a version that does not take what the process had set: it cannot be its version. */
  #judgedRun(origin: RecordedProcess): ScenarioRun | null {
    let model: Ptmalloc;
    try {
      model = modelFor(origin, null);
    } catch (error) {
      if (!(error instanceof SettingRefused)) {
        throw error;
      }
      this.#refused = error;
      return null;
    }
    const judge = new PointerJudge();
    const { heapStart } = this.facts;
    if (!Number.isNaN(heapStart)) {
      judge.placeBreakHeap(model.breakHeap, heapStart);
    }
    if (this.#sawHighAddress) {
      judge.seeWholePointers();
    }
    const run = new ScenarioRun(model, judge, Number.POSITIVE_INFINITY);
    if (run.witness !== null) {
      run.witness.infersSettings = origin.settingsSource === "default";
    }
    return run;
  }

  #startWhatIfs({ origin }: Candidate): void {
    // Whatever lane there is, a setting that this version refuses ends the analysis here.
    for (const spec of this.options.whatIfs) {
      parFor(origin, spec);
    }
    this.#lane.start(origin, this.whatIfs);
    this.#started = true;
  }
}

/** True if a run of the one process is in the state of the other's for long. */
function areAlike(a: RecordedProcess, b: RecordedProcess): boolean {
  const told = (of: RecordedProcess) => JSON.stringify([of.settings, of.shown]);
  return areKindred(a.profile, b.profile) && told(a) === told(b);
}
