import { ACTION_COLUMNS, type ActionBatch } from "../actions.ts";
import { copyColumns } from "../columns.ts";
import { EVENT_COLUMNS, type EventBatch } from "../event.ts";
import type { LedgerCore } from "./ledger-core.ts";
import { RowSeries } from "./row-series.ts";

/** One thread of the log, as a row of the report's table. Counts are calls, sizes are requested bytes. */
export interface ThreadRow {
  readonly tid: number;
  readonly malloc: number;
  readonly calloc: number;
  /** also realloc(NULL, n) and realloc(p, 0): the call as made, not its effect */
  readonly realloc: number;
  /** memalign, aligned_alloc, posix_memalign, valloc, pvalloc */
  readonly memalign: number;
  /** also free(NULL) */
  readonly free: number;
  /** sum of the five above */
  readonly calls: number;
  /** lines of any op: calls, malloc_trim, mallopt, thread_exit, marks */
  readonly lines: number;
  /** allocations that returned NULL */
  readonly failedCalls: number;
  /** bytes requested by successful allocations, including realloc's new size */
  readonly volumeBytes: number;
  /** bytes of live blocks that this thread allocated or last resized by realloc */
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly peakLiveBytes: number;
  /** bytes of this thread's blocks that other threads freed or resized */
  readonly freedByOthersBytes: number;
  /** bytes of other threads' blocks that this one freed or resized */
  readonly freedForOthersBytes: number;
  /** least time of its lines, in µs on the log's clock; NaN when none carries one */
  readonly firstTime: number;
  /** the greatest */
  readonly lastTime: number;
  /** allocations that returned the pointer of another thread's live block */
  readonly takenFromOthers: number;
}

// Doubles of a row of the core (core/threads.ts).
const MALLOC = 0;
const CALLOC = 1;
const REALLOC = 2;
const MEMALIGN = 3;
const FREE = 4;
const OTHER = 5;
const FAILED = 6;
const VOLUME = 7;
const LIVE_BYTES = 8;
const LIVE_BLOCKS = 9;
const PEAK_LIVE_BYTES = 10;
const FREED_BY_OTHERS = 11;
const FREED_FOR_OTHERS = 12;
const FIRST_TIME = 13;
const LAST_TIME = 14;
const POINT_PEAK = 15;
/** Words of the same row: */
const TID = 32;
const TAKEN = 33;

/** The cells of the figures that a thread may be asked for. */
const CELL_OF_FIGURE = {
  failedCalls: FAILED,
  volumeBytes: VOLUME,
  liveBytes: LIVE_BYTES,
  liveBlocks: LIVE_BLOCKS,
  peakLiveBytes: PEAK_LIVE_BYTES,
  freedByOthersBytes: FREED_BY_OTHERS,
  freedForOthersBytes: FREED_FOR_OTHERS,
  firstTime: FIRST_TIME,
  lastTime: LAST_TIME,
} as const satisfies Readonly<Partial<Record<keyof ThreadRow, number>>>;

export type ThreadFigure = keyof typeof CELL_OF_FIGURE;

/** The calls and lines of a ThreadRow. */
export type ThreadCounts = Pick<
  ThreadRow,
  "malloc" | "calloc" | "realloc" | "memalign" | "free" | "calls" | "lines"
>;

/** Values of all threads' timelines: 2 MiB, or 32 points for each of 8192 threads. */
const MAX_TIMELINE_VALUES = 2 ** 18;

const { op, tid, time } = EVENT_COLUMNS;
/** What the core reads of an event. */
const COUNTED = { op, tid, time };
const { thread } = ACTION_COLUMNS;
/** What the core writes. */
const WRITTEN = { thread };

/** The per-thread ledger. Threads have dense indices in order of first appearance. */
export class ThreadTable {
  readonly #core: LedgerCore;
  #liveTimeline = new RowSeries(MAX_TIMELINE_VALUES);
  /** volume up to the end of each point of the timeline: in between, a thread has allocated if it grew */
  #volumeTimeline = new RowSeries(MAX_TIMELINE_VALUES);

  constructor(core: LedgerCore) {
    this.#core = core;
  }

  /** Becomes a copy of `from`, with its own core. */
  copy(from: ThreadTable): void {
    this.#liveTimeline = from.#liveTimeline.clone();
    this.#volumeTimeline = from.#volumeTimeline.clone();
  }

  get size(): number {
    return this.#core.calls.threadCount();
  }

  /** Counts the lines of a batch and fills `out.thread`. */
  enter(batch: EventBatch, out: ActionBatch): void {
    const { length } = batch;
    const { columns, calls } = this.#core.attached;
    copyColumns(COUNTED, columns, batch, length);
    calls.enter(length);
    copyColumns(WRITTEN, out, this.#core.attached.columns, length);
  }

  /** Counts an allocation that returned NULL. */
  failed(thread: number): void {
    const at = this.#rowOf(thread) / 8 + FAILED;
    this.#core.attached.f64[at]!++;
  }

  /** first event (0-based) beyond the open point of the timelines: call `closePoint` before it */
  get pointEnd(): number {
    return this.#liveTimeline.end;
  }

  get eventsPerPoint(): number {
    return this.#liveTimeline.eventsPerPoint;
  }

  /** Closes the open point of the timelines, after its last event. */
  closePoint(): void {
    const { f64 } = this.#core.attached;
    const { size } = this;
    const peaks = new Float64Array(size);
    const volumes = new Float64Array(size);
    for (let thread = 0; thread < size; thread++) {
      const row = this.#rowOf(thread) / 8;
      peaks[thread] = f64[row + POINT_PEAK]!;
      f64[row + POINT_PEAK] = f64[row + LIVE_BYTES]!;
      volumes[thread] = f64[row + VOLUME]!;
    }
    this.#liveTimeline.close(peaks);
    this.#volumeTimeline.close(volumes);
  }

  /** Whether a thread has allocated in the point of the timelines in which `event` (0-based) falls. */
  allocatedAround(thread: number, event: number): boolean {
    const closed = this.#volumeTimeline.row(thread);
    const point = Math.floor(event / this.eventsPerPoint);
    const before = closed[point - 1] ?? 0;
    return (closed[point] ?? this.figure(thread, "volumeBytes")) > before;
  }

  /**
   * Live bytes of a thread over the log's `events` events. A point is the peak over its events and the value before
   * them; the last point may cover fewer events.
   */
  liveTimeline(thread: number, events: number): number[] {
    const closed = this.#liveTimeline.row(thread);
    if (events === this.#liveTimeline.start) {
      return closed;
    }
    return [...closed, this.#double(thread, POINT_PEAK)];
  }

  tidOf(thread: number): number {
    return this.#word(thread, TID);
  }

  figure(thread: number, name: ThreadFigure): number {
    return this.#double(thread, CELL_OF_FIGURE[name]);
  }

  takenFromOthers(thread: number): number {
    return this.#word(thread, TAKEN);
  }

  counts(thread: number): ThreadCounts {
    const malloc = this.#double(thread, MALLOC);
    const calloc = this.#double(thread, CALLOC);
    const realloc = this.#double(thread, REALLOC);
    const memalign = this.#double(thread, MEMALIGN);
    const free = this.#double(thread, FREE);
    const other = this.#double(thread, OTHER);
    const calls = malloc + calloc + realloc + memalign + free;
    return { malloc, calloc, realloc, memalign, free, calls, lines: calls + other };
  }

  row(thread: number): ThreadRow {
    return {
      tid: this.tidOf(thread),
      ...this.counts(thread),
      failedCalls: this.figure(thread, "failedCalls"),
      volumeBytes: this.figure(thread, "volumeBytes"),
      liveBytes: this.figure(thread, "liveBytes"),
      liveBlocks: this.figure(thread, "liveBlocks"),
      peakLiveBytes: this.figure(thread, "peakLiveBytes"),
      freedByOthersBytes: this.figure(thread, "freedByOthersBytes"),
      freedForOthersBytes: this.figure(thread, "freedForOthersBytes"),
      firstTime: this.figure(thread, "firstTime"),
      lastTime: this.figure(thread, "lastTime"),
      takenFromOthers: this.takenFromOthers(thread),
    };
  }

  /** `bytes`, and the volume of all threads. */
  withVolume(bytes: number): number {
    let sum = bytes;
    for (let thread = 0; thread < this.size; thread++) {
      sum += this.figure(thread, "volumeBytes");
    }
    return sum;
  }

  /** All threads, in order of first appearance. */
  rows(): ThreadRow[] {
    return Array.from({ length: this.size }, (_, thread) => this.row(thread));
  }

  #double(thread: number, cell: number): number {
    return this.#core.attached.f64[this.#rowOf(thread) / 8 + cell]!;
  }

  #word(thread: number, cell: number): number {
    return this.#core.attached.i32[this.#rowOf(thread) / 4 + cell]!;
  }

  #rowOf(thread: number): number {
    return this.#core.calls.threadRow(thread) >>> 0;
  }
}
