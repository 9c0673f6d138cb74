import type { ActionBatch } from "./actions.ts";
import { type EventBatch, Op } from "./event.ts";
import { RowSeries } from "./row-series.ts";
import { TidIndex } from "./tid-index.ts";

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

/** The count of a ThreadRow that lines of an op add to; null: `lines` alone. */
const COUNT_OF_OP = {
  [Op.malloc]: "malloc",
  [Op.calloc]: "calloc",
  [Op.realloc]: "realloc",
  [Op.memalign]: "memalign",
  [Op.valloc]: "memalign",
  [Op.pvalloc]: "memalign",
  [Op.free]: "free",
  [Op.mallocTrim]: null,
  [Op.mallopt]: null,
  [Op.threadExit]: null,
  [Op.mark]: null,
} as const satisfies Readonly<Record<Op, keyof ThreadRow | null>>;

/** Cells of a row: first the lines of each `Op`, so that one increment counts an event, then these. */
const OPS = Object.keys(Op).length;
const TID = OPS;
const FAILED = OPS + 1;
const VOLUME = OPS + 2;
const LIVE_BYTES = OPS + 3;
const LIVE_BLOCKS = OPS + 4;
const PEAK_LIVE_BYTES = OPS + 5;
const FREED_BY_OTHERS = OPS + 6;
const FREED_FOR_OTHERS = OPS + 7;
const FIRST_TIME = OPS + 8;
const LAST_TIME = OPS + 9;
const TAKEN = OPS + 10;
/** peak of live bytes since the open point of the timeline began */
const POINT_PEAK = OPS + 11;
/** Doubles in a row: three cache lines. */
const STRIDE = 24;
const INITIAL_ROWS = 16;
/** Values of all threads' timelines: 2 MiB, or 32 points for each of 8192 threads. */
const MAX_TIMELINE_VALUES = 2 ** 18;

/** The per-thread ledger. Threads have dense indices in order of first appearance. */
export class ThreadTable {
  readonly #index = new TidIndex();
  /** Rows in one array, not an array for each column: an event touches several cells of one row. */
  #cells = new Float64Array(INITIAL_ROWS * STRIDE);
  #rows = 0;
  #liveTimeline = new RowSeries(MAX_TIMELINE_VALUES);

  /** Becomes a copy of `from`. */
  copy(from: ThreadTable): void {
    this.#index.copy(from.#index);
    this.#cells = from.#cells.slice();
    this.#rows = from.#rows;
    this.#liveTimeline = from.#liveTimeline.clone();
  }

  get size(): number {
    return this.#rows;
  }

  /** Counts the lines of a batch and fills `out.thread`. */
  enter(batch: EventBatch, out: ActionBatch): void {
    for (let i = 0; i < batch.length; i++) {
      const thread = this.#index.indexOf(batch.tid[i]!);
      out.thread[i] = thread;
      if (thread === this.#rows) {
        this.#add(batch.tid[i]!);
      }
      const cells = this.#cells;
      const row = thread * STRIDE;
      cells[row + batch.op[i]!]!++;
      const time = batch.time[i]!;
      if (Number.isNaN(time)) {
        continue;
      }
      // The cells are NaN at first, for which every comparison is false.
      if (!(time >= cells[row + FIRST_TIME]!)) {
        cells[row + FIRST_TIME] = time;
      }
      if (!(time <= cells[row + LAST_TIME]!)) {
        cells[row + LAST_TIME] = time;
      }
    }
  }

  /** Counts an allocation that returned NULL. */
  failed(thread: number): void {
    this.#cells[thread * STRIDE + FAILED]!++;
  }

  /** Counts a block of `bytes` that `thread` allocated, or resized to that. */
  allocated(thread: number, bytes: number): void {
    const cells = this.#cells;
    const row = thread * STRIDE;
    cells[row + VOLUME]! += bytes;
    cells[row + LIVE_BLOCKS]!++;
    const live = cells[row + LIVE_BYTES]! + bytes;
    cells[row + LIVE_BYTES] = live;
    if (live <= cells[row + POINT_PEAK]!) {
      return;
    }
    cells[row + POINT_PEAK] = live;
    if (live > cells[row + PEAK_LIVE_BYTES]!) {
      cells[row + PEAK_LIVE_BYTES] = live;
    }
  }

  /** Counts a block of `owner` that `thread` freed or resized; `bytes` is its former size. */
  freed(thread: number, owner: number, bytes: number): void {
    this.lost(owner, bytes);
    if (thread === owner) {
      return;
    }
    this.#cells[owner * STRIDE + FREED_BY_OTHERS]! += bytes;
    this.#cells[thread * STRIDE + FREED_FOR_OTHERS]! += bytes;
  }

  /** Counts an allocation of `thread` that returned the pointer of a live block of `owner`. */
  reused(thread: number, owner: number): void {
    if (thread !== owner) {
      this.#cells[thread * STRIDE + TAKEN]!++;
    }
  }

  /** Removes a block of `owner` that an unknown thread freed. */
  lost(owner: number, bytes: number): void {
    const row = owner * STRIDE;
    this.#cells[row + LIVE_BYTES]! -= bytes;
    this.#cells[row + LIVE_BLOCKS]!--;
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
    const cells = this.#cells;
    const peaks = new Float64Array(this.#rows);
    for (let thread = 0; thread < this.#rows; thread++) {
      const row = thread * STRIDE;
      peaks[thread] = cells[row + POINT_PEAK]!;
      cells[row + POINT_PEAK] = cells[row + LIVE_BYTES]!;
    }
    this.#liveTimeline.close(peaks);
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
    return [...closed, this.#cells[thread * STRIDE + POINT_PEAK]!];
  }

  tidOf(thread: number): number {
    return this.#cells[thread * STRIDE + TID]!;
  }

  row(thread: number): ThreadRow {
    const cells = this.#cells.subarray(thread * STRIDE, (thread + 1) * STRIDE);
    const counts = { malloc: 0, calloc: 0, realloc: 0, memalign: 0, free: 0, calls: 0, lines: 0 };
    // Integer keys: the values are in the order of the ops.
    for (const [op, count] of Object.values(COUNT_OF_OP).entries()) {
      const lines = cells[op]!;
      counts.lines += lines;
      if (count !== null) {
        counts[count] += lines;
        counts.calls += lines;
      }
    }
    return {
      tid: cells[TID]!,
      ...counts,
      failedCalls: cells[FAILED]!,
      volumeBytes: cells[VOLUME]!,
      liveBytes: cells[LIVE_BYTES]!,
      liveBlocks: cells[LIVE_BLOCKS]!,
      peakLiveBytes: cells[PEAK_LIVE_BYTES]!,
      freedByOthersBytes: cells[FREED_BY_OTHERS]!,
      freedForOthersBytes: cells[FREED_FOR_OTHERS]!,
      firstTime: cells[FIRST_TIME]!,
      lastTime: cells[LAST_TIME]!,
      takenFromOthers: cells[TAKEN]!,
    };
  }

  /** All threads, in order of first appearance. */
  rows(): ThreadRow[] {
    return Array.from({ length: this.#rows }, (_, thread) => this.row(thread));
  }

  #add(tid: number): void {
    const row = this.#rows++ * STRIDE;
    if (row === this.#cells.length) {
      const grown = new Float64Array(this.#cells.length * 2);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    this.#cells[row + TID] = tid;
    this.#cells[row + FIRST_TIME] = Number.NaN;
    this.#cells[row + LAST_TIME] = Number.NaN;
  }
}
