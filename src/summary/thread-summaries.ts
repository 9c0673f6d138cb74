import type { LogResult } from "../pipeline/analysis-result.ts";
import { refuseFullHeap } from "../pipeline/out-of-memory.ts";
import type { CallCounts, ThreadInDumps, ThreadSummary } from "../report/contract/report.ts";
import type { ThreadFigure } from "../trace/ledger/threads.ts";
import type { DumpedThreads } from "./dumped-threads.ts";
import { secondsBetween } from "./seconds.ts";

/** Bytes of a thread in the report: its object, and its place in a list and in a sorted copy. */
const BYTES_PER_THREAD = 64;

/**
 * Returns the report's threads, in order of first appearance.
 * @throws OutOfMemory
 */
export function threadSummaries(result: LogResult, dumped: DumpedThreads): ThreadSummary[] {
  const { threads } = result.ledger;
  refuseFullHeap(threads.size * BYTES_PER_THREAD);
  const log = new LoggedThreads(result, dumped);
  return Array.from({ length: threads.size }, (_, thread) => new LoggedThread(log, thread));
}

/** What an analysis found about threads. It keeps nothing else of the analysis in memory. */
class LoggedThreads {
  readonly table: LogResult["ledger"]["threads"];
  readonly names: LogResult["threadNames"];
  readonly dumped: DumpedThreads;
  readonly arenasOf: NonNullable<LogResult["model"]>["arenasOf"];
  /** by dense index: bytes that its blocks pin, if they do */
  readonly pinnedBytes = new Map<number, number>();
  readonly events: number;
  /** µs, as on the log's clock */
  readonly start: number;

  constructor({ ledger, threadNames, model }: LogResult, dumped: DumpedThreads) {
    this.table = ledger.threads;
    this.names = threadNames;
    this.dumped = dumped;
    this.arenasOf = model?.arenasOf ?? (() => []);
    for (const { block, bytes } of model?.pinned ?? []) {
      const owner = ledger.blocks.ownerOf(block);
      this.pinnedBytes.set(owner, (this.pinnedBytes.get(owner) ?? 0) + bytes);
    }
    this.events = ledger.events;
    this.start = ledger.clock.least;
  }
}

/**
 * A thread of the report: a view of the ledger, which has the figures in columns. A log may have many thousand threads,
 * and as objects their figures take ten times the memory.
 */
class LoggedThread implements ThreadSummary {
  readonly #log: LoggedThreads;
  /** dense index */
  readonly #thread: number;

  constructor(log: LoggedThreads, thread: number) {
    this.#log = log;
    this.#thread = thread;
  }

  get tid(): number {
    return this.#log.table.tidOf(this.#thread);
  }

  get name(): string | null {
    const { tid } = this;
    return this.#log.dumped.nameOf(tid, this.#log.names.get(tid) ?? null);
  }

  get topFrame(): string | null {
    return this.dumps?.frames[0]?.frame ?? null;
  }

  get dumps(): ThreadInDumps | null {
    return this.#log.dumped.of(this.tid);
  }

  get calls(): CallCounts {
    const counts = this.#log.table.counts(this.#thread);
    const { malloc, calloc, realloc, memalign, free, calls: total } = counts;
    return { malloc, calloc, realloc, memalign, free, total };
  }

  get lines(): number {
    return this.#log.table.counts(this.#thread).lines;
  }

  get failedCalls(): number {
    return this.#figure("failedCalls");
  }

  get volumeBytes(): number {
    return this.#figure("volumeBytes");
  }

  get liveBytes(): number {
    return this.#figure("liveBytes");
  }

  get liveBlocks(): number {
    return this.#figure("liveBlocks");
  }

  get peakLiveBytes(): number {
    return this.#figure("peakLiveBytes");
  }

  get freedByOthersBytes(): number {
    return this.#figure("freedByOthersBytes");
  }

  get freedForOthersBytes(): number {
    return this.#figure("freedForOthersBytes");
  }

  get takenFromOthers(): number {
    return this.#log.table.takenFromOthers(this.#thread);
  }

  get pinnedBytes(): number {
    return this.#log.pinnedBytes.get(this.#thread) ?? 0;
  }

  get arenas(): readonly number[] {
    return this.#log.arenasOf(this.#thread);
  }

  get firstTime(): number | null {
    return secondsBetween(this.#log.start, this.#figure("firstTime"));
  }

  get lastTime(): number | null {
    return secondsBetween(this.#log.start, this.#figure("lastTime"));
  }

  get liveTimeline(): readonly number[] {
    return this.#log.table.liveTimeline(this.#thread, this.#log.events);
  }

  /** The same with properties of its own, as JSON needs them. */
  toJSON(): ThreadSummary {
    const { dumps } = this;
    return {
      tid: this.tid,
      name: this.name,
      topFrame: dumps?.frames[0]?.frame ?? null,
      calls: this.calls,
      lines: this.lines,
      failedCalls: this.failedCalls,
      volumeBytes: this.volumeBytes,
      liveBytes: this.liveBytes,
      liveBlocks: this.liveBlocks,
      peakLiveBytes: this.peakLiveBytes,
      freedByOthersBytes: this.freedByOthersBytes,
      freedForOthersBytes: this.freedForOthersBytes,
      takenFromOthers: this.takenFromOthers,
      pinnedBytes: this.pinnedBytes,
      arenas: this.arenas,
      firstTime: this.firstTime,
      lastTime: this.lastTime,
      liveTimeline: this.liveTimeline,
      ...(dumps === null ? {} : { dumps }),
    };
  }

  #figure(name: ThreadFigure): number {
    return this.#log.table.figure(this.#thread, name);
  }
}
