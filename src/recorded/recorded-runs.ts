import type { Exit, Insertion } from "../replay/insertions.ts";
import { type LastExits, lastExits, NO_EXITS } from "../replay/last-exits.ts";
import { KeptWorks } from "../replay/peak/kept-works.ts";
import { type RecordedProcess, SettingRefused } from "../replay/recorded-process.ts";
import { type ReplayedBatch, type Work, workOf } from "../replay/work.ts";
import type { EventBatch } from "../trace/event.ts";
import type { InSteps } from "../trace/in-steps.ts";
import type { MomentEvent } from "../trace/moment.ts";
import type { LastCalls } from "../trace/order/last-calls.ts";
import type { LogFacts } from "../trace/stated/log-facts.ts";
import { addressLayout } from "./address-layout.ts";
import type { Candidate } from "./candidate.ts";
import { type AddressFacts, candidatesFor, guidedReplayOf } from "./candidates.ts";
import { Detection, MAX_INFERRING } from "./detection.ts";
import type { Part } from "./explain/first-mismatch.ts";
import { ProcessSettings } from "./explain/process-settings.ts";
import type { GuidedReplay } from "./guided-replay.ts";
import { InferenceFeed, type InferenceSink } from "./inference-feed.ts";
import { type RecordedOptions, recordedProcesses } from "./processes.ts";

/** One batch, prepared for replay. */
interface PreparedWork extends Part {
  /** the batch that follows; null at the log's end */
  readonly next: ReplayedBatch | null;
}

/** The same as the log's reader hands it over, with all columns. */
export interface PreparedBatch extends PreparedWork {
  readonly work: Work & { readonly batch: EventBatch };
}

/** What the ledger has seen of the log so far, as far as it decides whether anything has to be inferred. */
export interface LogEvidence {
  readonly threads: number;
  readonly swappedLines: number;
  /** an address of 2^32 or more was seen */
  readonly seesWholePointers: boolean;
  /** the log has thread_exit() lines */
  readonly logsExits: boolean;
  /** the process's RSS was measured, and decides from which planes RSS is read */
  readonly isMeasured: boolean;
  /** the last events up to the moments that were asked for, so far; none of those that are not reached */
  readonly moments: readonly MomentEvent[];
}

/**
 * The recorded run under each version that may have written the log, until the pointers have ruled out all but one. Their
 * inferences go to the what-ifs.
 */
export class RecordedRuns {
  readonly #options: RecordedOptions;
  readonly #facts: LogFacts;
  readonly #sink: InferenceSink;
  readonly #feed: InferenceFeed;
  /** batches that the runs may have to replay again */
  readonly #keptWorks = new KeptWorks(true);
  /** null before the first event */
  #detection: Detection | null = null;
  /** null where the settings are known */
  #processSettings: ProcessSettings | null = null;
  #logsExits = false;
  #seesWholePointers = false;

  constructor(options: RecordedOptions, facts: LogFacts, sink: InferenceSink) {
    this.#options = options;
    this.#facts = facts;
    this.#sink = sink;
    this.#feed = new InferenceFeed(sink);
  }

  /** null before the first event */
  get detection(): Detection | null {
    return this.#detection;
  }

  /** the replay of the best candidate; null before the first event */
  get current(): GuidedReplay | null {
    return this.#detection?.best.recorded.guided ?? null;
  }

  /** exits that the pointers of the last batch show */
  get shownExits(): readonly Exit[] {
    return this.#detection?.best.recorded.shownExits ?? [];
  }

  /** @throws SettingRefused */
  *replay(batch: PreparedBatch, evidence: LogEvidence): InSteps {
    const prepared = { ...batch, work: workOf(batch.work) };
    const { work, first, logged } = prepared;
    this.#seesWholePointers = evidence.seesWholePointers;
    this.#detection ??= this.#startDetection(batch);
    if (this.#seesWholePointers) {
      for (const { recorded } of this.#detection.runs) {
        recorded.judge.addresses.assumeWholePointers();
      }
    }
    this.#logsExits = evidence.logsExits;
    this.#processSettings?.keep(work, first, logged);
    yield* this.#replay(prepared, evidence);
    // The what-ifs come last: they must not follow a version that fits best only because a setting is missing.
    if (!(yield* this.#restartWithSettings(evidence))) {
      this.#feed.take(prepared, this.#detection);
    }
  }

  /**
   * The log ends. `lastCalls` is null if the log has thread_exit() lines. Returns the exits to apply in the what-ifs, too.
   */
  finish(insertions: readonly Insertion[], lastCalls: LastCalls | null): LastExits {
    const exitsOf = ({ profile }: RecordedProcess): LastExits =>
      lastCalls === null ? NO_EXITS : lastExits(lastCalls, profile);
    const detection = this.#detection;
    if (detection === null) {
      return NO_EXITS;
    }
    this.#feed.begin(detection);
    const { runs, best } = detection;
    for (const { origin, recorded } of runs) {
      recorded.finish(insertions, exitsOf(origin));
    }
    for (const { recorded } of runs) {
      if (recorded !== best.recorded) {
        recorded.peak.retire(recorded.guided);
      }
    }
    return exitsOf(best.origin);
  }

  /** Replays one batch under every candidate. */
  *#replay({ work, first, logged, next }: PreparedWork, evidence: LogEvidence): InSteps {
    const detection = this.#detection!;
    detection.rank({ work, first, logged });
    const kept = this.#keptWorks.keep(work);
    const mayInfer = this.#mayInfer(evidence);
    for (const [rank, { recorded }] of detection.runs.entries()) {
      recorded.guided.witness.logsExits(this.#logsExits);
      recorded.peak.isMeasured = evidence.isMeasured;
      recorded.peak.moments = evidence.moments;
      recorded.replay(work, next, logged, kept, mayInfer && rank < MAX_INFERRING);
      yield;
    }
    kept.release();
    detection.adoptSplits();
    // Candidates are dropped only after the search for explanations: the right version may need one.
    yield* detection.infer(this.#logsExits);
    detection.adoptSplits();
    detection.narrow();
  }

  /**
   * True if the log may lack something that the allocator's state depends on: the order of calls, or thread exits. A log
   * with thread_exit lines has to show a mismatch first: most such logs are complete, and keeping their past is costly.
   */
  #mayInfer({ threads, swappedLines }: LogEvidence): boolean {
    if (threads <= 1) {
      return false;
    }
    const { judge } = this.#detection!.best.recorded;
    return !this.#logsExits || swappedLines > 0 || judge.mismatches > 0;
  }

  /**
   * If the log's beginning shows settings of the process that are not given, begins again with them, up to this batch.
   * Returns true if so.
   */
  *#restartWithSettings(evidence: LogEvidence): InSteps<boolean> {
    const { judge } = this.#detection!.best.recorded;
    const settings = this.#processSettings;
    const origins = settings === null ? [] : yield* settings.explain(judge.mismatches);
    if (settings === null || origins.length === 0) {
      return false;
    }
    this.#detection = this.#detectionAmong(candidatesFor(origins, this.#addressFacts));
    this.#feed.restart();
    for (const part of settings.kept) {
      yield* this.#replay({ ...part, next: null }, evidence);
      this.#feed.take(part, this.#detection);
    }
    settings.close();
    return true;
  }

  #startDetection({ work, next }: PreparedBatch): Detection {
    const layout = addressLayout(next === null ? [work.batch] : [work.batch, next]);
    const origins = recordedProcesses(this.#options, this.#facts, layout);
    const candidates = candidatesFor(origins, this.#addressFacts);
    if (origins[0]?.settingsSource === "default") {
      this.#processSettings = new ProcessSettings(origins, (origin) => {
        const guided = guidedReplayOf(origin, this.#addressFacts);
        return guided instanceof SettingRefused ? null : guided;
      });
    }
    return this.#detectionAmong(candidates);
  }

  #detectionAmong(candidates: readonly Candidate[]): Detection {
    return new Detection(candidates, (origin) => this.#sink.accepts(origin));
  }

  get #addressFacts(): AddressFacts {
    return { heapStart: this.#facts.heapStart, seesWholePointers: this.#seesWholePointers };
  }
}
