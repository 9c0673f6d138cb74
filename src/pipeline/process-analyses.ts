import { EventBatch, type Note } from "../trace/event.ts";
import { completed } from "../trace/in-steps.ts";
import { LogProcess } from "../trace/processes/log-process.ts";
import { isStatement, ProcessSplitter, type Run } from "../trace/processes/process-splitter.ts";
import { type EventSink, feedCopies } from "../trace/sink.ts";
import { isAsRecorded } from "../what-if/sharing.ts";
import { InlineRunner, type WhatIfRunner } from "../what-if/what-if-runner.ts";
import { Analysis } from "./analysis.ts";
import type { LogOptions } from "./analysis-options.ts";
import type { AnalysisResult, LogResult, ProcessResult } from "./analysis-result.ts";
import { isFork, type MemberAnalysis, MemberProcess } from "./member-process.ts";
import type { OwnResult } from "./model-result.ts";
import { NoSuchProcess } from "./no-such-process.ts";
import { refuseFullHeap } from "./out-of-memory.ts";

/** What was found in a log, without its reading. */
type MembersResult = Omit<AnalysisResult, "read">;

/** Processes analysed at once. Beyond that, the one with the least volume is only counted from then on. */
const MAX_ANALYSED = 64;

/** Comments that are kept before the first event shows whose they are: more are no head of a log. */
const MAX_EARLY = 2 ** 16;

/**
 * Analyses the processes of a log, each as if it had a log of its own. A batch waits until the next one is full: which
 * process a new thread belongs to may depend on lines that follow. The batches of a log with one process are handed on
 * without a copy.
 */
export class ProcessAnalyses implements EventSink {
  readonly #options: LogOptions;
  readonly #newRunner: () => WhatIfRunner;
  readonly #splitter = new ProcessSplitter();
  /** in order of first appearance */
  readonly #members: MemberProcess[] = [];
  readonly #memberOfProcess = new Map<LogProcess, MemberProcess>();
  readonly #countOfPid = new Map<number, number>();
  #batch = new EventBatch();
  #held: EventBatch | null = null;
  #spare: EventBatch | null = null;
  #hasEnded = false;
  /** the process of the latest line; null before the first */
  #above: MemberProcess | null = null;
  /** comments whose process only a later line shows */
  readonly #early: Note[] = [];

  /** `newRunner` is called once for each process that is analysed. */
  constructor(options: LogOptions, newRunner: () => WhatIfRunner) {
    this.#options = options;
    this.#newRunner = newRunner;
  }

  get batch(): EventBatch {
    return this.#batch;
  }

  /** events read so far */
  get events(): number {
    return this.#members.reduce((sum, { events }) => sum + events, 0);
  }

  /** the processes with calls, in order of first appearance */
  get members(): readonly MemberProcess[] {
    return this.#members.filter(({ events }) => events > 0);
  }

  /**
   * The process to report: of those that are analysed, the one with the most volume of its own; null if the log has none that was
   * asked for. Complete after `end`.
   */
  get reported(): MemberProcess | null {
    const analysed = this.#members.filter((member) => member.analysed !== null);
    return analysed.reduce<MemberProcess | null>(
      (most, one) => (most === null || one.own.volumeBytes > most.own.volumeBytes ? one : most),
      null,
    );
  }

  advance(): void {
    const held = this.#held;
    this.#held = this.#batch;
    this.#batch = this.#spare ?? new EventBatch();
    this.#spare = held === null ? null : this.#route(held, this.#held);
  }

  async whenReady(): Promise<void> {
    for (const { analysed } of this.#members) {
      await analysed?.analysis.whenReady();
    }
  }

  async whenEnding(): Promise<void> {
    this.#routeRest();
    for (const { analysed } of this.#members) {
      await analysed?.analysis.whenEnding();
    }
  }

  end(): void {
    this.#routeRest();
    for (const { analysed } of this.#members) {
      if (analysed !== null) {
        completed(analysed.analysis.drain());
      }
    }
    const { reported } = this;
    for (const member of this.#members) {
      if (member === reported || this.#options.process === "all") {
        member.analysed?.analysis.end();
      }
    }
  }

  /**
   * Returns what was found. Must be called once, after `end`.
   * @throws NoSuchProcess
   */
  async result(): Promise<MembersResult> {
    const { reported, members } = this;
    const { process: asked } = this.#options;
    if (reported?.analysed == null) {
      throw new NoSuchProcess(
        asked ?? "",
        members.map(({ name }) => name),
      );
    }
    const result = await resultOf(reported.analysed);
    const processes: ProcessResult[] = [];
    for (const member of members) {
      const { analysed } = member;
      const isAsked = asked === "all" && analysed !== null && member !== reported;
      const own = isAsked ? await resultOf(analysed) : null;
      processes.push(rowOf(member, reported, member === reported ? result : own));
    }
    return { ...result, processes };
  }

  /**
   * Returns what has been found so far, of one process; null if that is nothing, or if the log has ended. If there are
   * several, the newest lines are left out: what follows shows whose they are.
   */
  snapshot(): MembersResult | null {
    if (this.#hasEnded) {
      return null;
    }
    const waiting = this.#waiting;
    if (this.#members.length === 0) {
      return this.#resultOf(waiting);
    }
    const { reported } = this;
    const isAlone = this.#splitter.processes.length === 1;
    const result = reported?.analysed?.analysis.snapshot(isAlone ? waiting : []) ?? null;
    const processes = this.members.map((member) =>
      rowOf(member, reported, member === reported ? result : null),
    );
    return result === null ? null : { ...result, processes };
  }

  /** Returns new analyses of the recorded runs under the same options. */
  another(): ProcessAnalyses {
    const whatIfs = this.#options.whatIfs.filter(isAsRecorded);
    const options = { ...this.#options, whatIfs, trials: [] };
    return new ProcessAnalyses(options, () => new InlineRunner());
  }

  /** Returns what is in batches that wait, if there were no others. */
  #resultOf(waiting: readonly EventBatch[]): MembersResult | null {
    const alone = this.another();
    feedCopies(alone, waiting);
    const { reported } = alone;
    if (reported?.analysed == null || alone.events === 0) {
      return null;
    }
    const { analysis } = reported.analysed;
    const result = analysis.result(analysis.ownResult(analysis.touchReading()), []);
    const processes = alone.members.map((one) =>
      rowOf(one, reported, one === reported ? result : null),
    );
    return { ...result, processes };
  }

  /** the batches that are not handed on yet, oldest first */
  get #waiting(): EventBatch[] {
    return [...(this.#held === null ? [] : [this.#held]), this.#batch];
  }

  #routeRest(): void {
    this.#hasEnded = true;
    const rest = this.#waiting;
    rest.forEach((batch, n) => {
      this.#route(batch, rest[n + 1] ?? null);
    });
    this.#held = null;
    this.#batch = new EventBatch();
    const last = this.#above;
    if (last !== null) {
      for (const note of this.#early.splice(0)) {
        this.#routeNote(note, last, last);
      }
    }
    if (this.#members.length === 0) {
      // A log without events has an empty report.
      const none = this.#memberOf(new LogProcess(0, 0, "first"));
      for (const note of this.#early) {
        none.takeNote(note);
      }
    }
  }

  /** Hands the batch on. Returns an empty one to be filled instead. */
  #route(batch: EventBatch, next: EventBatch | null): EventBatch {
    const runs = this.#splitter.split(batch, next);
    const [first] = runs;
    if (first === undefined) {
      this.#keepBack(batch.notes);
      batch.clear();
      return batch;
    }
    const owner = this.#memberOf(first.process);
    for (const note of this.#early) {
      owner.takeNote(note);
    }
    this.#early.length = 0;
    if (this.#splitter.processes.length === 1) {
      this.#above = owner;
      return owner.takeAll(batch);
    }
    this.#routeRuns(batch, runs);
    batch.clear();
    return batch;
  }

  /** Hands the lines of several processes on, each comment at its place. */
  #routeRuns(batch: EventBatch, runs: readonly Run[]): void {
    const { notes } = batch;
    let next = 0;
    for (const { process, from, to } of runs) {
      const owner = this.#memberOf(process);
      let at = from;
      for (; next < notes.length && notes[next]!.at < to; next++) {
        const note = notes[next]!;
        owner.take(batch, at, note.at);
        this.#routeNote(note, note.at > from ? owner : (this.#above ?? owner), owner);
        at = note.at;
      }
      owner.take(batch, at, to);
      this.#above = owner;
    }
    this.#keepBack(notes.slice(next));
  }

  /** Keeps comments below all lines of a batch: they may be the head of another log, which the next batch shows. */
  #keepBack(notes: readonly Note[]): void {
    for (const note of notes) {
      const owner = refersUp(note) ? this.#above : isFork(note) ? this.#named(note) : null;
      if (owner !== null) {
        owner.takeNote(note);
      } else if (this.#early.length < MAX_EARLY) {
        this.#early.push(note);
      }
    }
  }

  /**
   * Hands a comment to the process that it is of: a hole to the one that uses the block, a name to that of the thread, a fork too, RSS
   * to that of the line above, and others, as the head of a log, to that of the line below.
   */
  #routeNote(note: Note, above: MemberProcess, below: MemberProcess): void {
    if (isStatement(note)) {
      return;
    }
    const [key = "", value = ""] = note.text.split(/\s+/, 2);
    let owner = refersUp(note) ? above : below;
    if (key === "hole") {
      owner = [below, above].find(({ known }) => known.uses(Number(value))) ?? below;
    } else if (key === "thread" || key === "fork") {
      owner = this.#named(note) ?? below;
    }
    owner.takeNote(note);
  }

  /** The process of the thread whose id follows the comment's key; null: it has made no call. */
  #named({ text }: Note): MemberProcess | null {
    const named = this.#splitter.ownerOf(Number(text.split(/\s+/, 2)[1]));
    return named === null ? null : this.#memberOf(named);
  }

  #memberOf(owner: LogProcess): MemberProcess {
    const known = this.#memberOfProcess.get(owner);
    if (known !== undefined) {
      return known;
    }
    const { pid } = owner;
    const nth = (this.#countOfPid.get(pid) ?? 0) + 1;
    this.#countOfPid.set(pid, nth);
    const number = nth === 1 ? String(pid) : `${pid}.${nth}`;
    const name = owner.origin === "others" ? "others" : number;
    const member = new MemberProcess(owner, name, this.#analysisOf(owner, name));
    this.#members.push(member);
    this.#memberOfProcess.set(owner, member);
    this.#releaseOne(member);
    return member;
  }

  /** Null: the process was not asked for. */
  #analysisOf({ pid, origin }: LogProcess, name: string): MemberAnalysis | null {
    const { process: asked } = this.#options;
    if (origin === "others") {
      return null;
    }
    if (asked !== null && asked !== "all" && asked !== name && asked !== String(pid)) {
      return null;
    }
    const runner = this.#newRunner();
    return { analysis: new Analysis(this.#options, runner), runner };
  }

  /** Keeps the first process, which may wait for those that it has started. */
  #releaseOne(latest: MemberProcess): void {
    const analysed = this.#members.filter(
      (one) => one.analysed !== null && one !== latest && one !== this.#members[0],
    );
    if (analysed.length < MAX_ANALYSED) {
      return;
    }
    const volumes = analysed.map(({ own }) => own.volumeBytes);
    analysed[volumes.indexOf(Math.min(...volumes))]?.release();
  }
}

/** True for a comment that refers to the lines above it. */
function refersUp({ text }: Note): boolean {
  return /^rss\b/.test(text);
}

async function resultOf({ analysis, runner }: MemberAnalysis): Promise<LogResult> {
  const touch = analysis.touchReading();
  const asked = analysis.askedOf(touch);
  // The workers still replay meanwhile.
  const [whatIfs, own] = await Promise.all([
    asked.specs.length === 0 ? [] : runner.figures(touch.reading, asked),
    ownFigures(),
  ]);
  refuseFullHeap();
  return analysis.result(own, whatIfs);

  async function ownFigures(): Promise<OwnResult | null> {
    refuseFullHeap();
    return analysis.ownResult(touch);
  }
}

function rowOf(
  member: MemberProcess,
  reported: MemberProcess | null,
  result: LogResult | null,
): ProcessResult {
  const { name, known, own } = member;
  const { pid, origin } = known;
  return { name, pid, origin, ...own, isReported: member === reported, result };
}
