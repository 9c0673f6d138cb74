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

// Cells of a row.
const MALLOC = 0;
const CALLOC = 1;
const REALLOC = 2;
const MEMALIGN = 3;
const FREE = 4;
/** lines that are no calls of these */
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
/** peak of live bytes since the open point of the timeline began */
const POINT_PEAK = 15;
/** Doubles in a row: two cache lines. */
const STRIDE = 16;

/** The cell that counts lines of an op. */
const CELL_OF_OP = {
  [Op.malloc]: MALLOC,
  [Op.calloc]: CALLOC,
  [Op.realloc]: REALLOC,
  [Op.memalign]: MEMALIGN,
  [Op.valloc]: MEMALIGN,
  [Op.pvalloc]: MEMALIGN,
  [Op.free]: FREE,
  [Op.mallocTrim]: OTHER,
  [Op.mallopt]: OTHER,
  [Op.threadExit]: OTHER,
  [Op.mark]: OTHER,
} as const satisfies Readonly<Record<Op, number>>;

/** The same by op, for the hot path. Integer keys: the values are in the order of the ops. */
const CELLS = Uint8Array.from(Object.values(CELL_OF_OP));

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

const INITIAL_ROWS = 16;
/** Values of all threads' timelines: 2 MiB, or 32 points for each of 8192 threads. */
const MAX_TIMELINE_VALUES = 2 ** 18;

/** The per-thread ledger. Threads have dense indices in order of first appearance. */
export class ThreadTable {
  readonly #index = new TidIndex();
  /** Rows in one array, not an array for each column: an event touches several cells of one row. */
  #cells = new Float64Array(INITIAL_ROWS * STRIDE);
  #tids = new Int32Array(INITIAL_ROWS);
  /** allocations that returned the pointer of another thread's live block; few threads have any */
  #taken = new Map<number, number>();
  #rows = 0;
  #liveTimeline = new RowSeries(MAX_TIMELINE_VALUES);
  /** volume up to the end of each point of the timeline: in between, a thread has allocated if it grew */
  #volumeTimeline = new RowSeries(MAX_TIMELINE_VALUES);

  /** Becomes a copy of `from`. */
  copy(from: ThreadTable): void {
    this.#index.copy(from.#index);
    this.#cells = from.#cells.slice();
    this.#tids = from.#tids.slice();
    this.#taken = new Map(from.#taken);
    this.#rows = from.#rows;
    this.#liveTimeline = from.#liveTimeline.clone();
    this.#volumeTimeline = from.#volumeTimeline.clone();
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
      cells[row + CELLS[batch.op[i]!]!]!++;
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
      this.#taken.set(thread, this.takenFromOthers(thread) + 1);
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
    const volumes = new Float64Array(this.#rows);
    for (let thread = 0; thread < this.#rows; thread++) {
      const row = thread * STRIDE;
      peaks[thread] = cells[row + POINT_PEAK]!;
      cells[row + POINT_PEAK] = cells[row + LIVE_BYTES]!;
      volumes[thread] = cells[row + VOLUME]!;
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
    return [...closed, this.#cells[thread * STRIDE + POINT_PEAK]!];
  }

  tidOf(thread: number): number {
    return this.#tids[thread]!;
  }

  figure(thread: number, name: ThreadFigure): number {
    return this.#cells[thread * STRIDE + CELL_OF_FIGURE[name]]!;
  }

  takenFromOthers(thread: number): number {
    return this.#taken.get(thread) ?? 0;
  }

  counts(thread: number): ThreadCounts {
    const cells = this.#cells;
    const row = thread * STRIDE;
    const malloc = cells[row + MALLOC]!;
    const calloc = cells[row + CALLOC]!;
    const realloc = cells[row + REALLOC]!;
    const memalign = cells[row + MEMALIGN]!;
    const free = cells[row + FREE]!;
    const calls = malloc + calloc + realloc + memalign + free;
    return { malloc, calloc, realloc, memalign, free, calls, lines: calls + cells[row + OTHER]! };
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
    for (let thread = 0; thread < this.#rows; thread++) {
      sum += this.figure(thread, "volumeBytes");
    }
    return sum;
  }

  /** All threads, in order of first appearance. */
  rows(): ThreadRow[] {
    return Array.from({ length: this.#rows }, (_, thread) => this.row(thread));
  }

  #add(tid: number): void {
    const thread = this.#rows++;
    if (thread === this.#tids.length) {
      const [cells, tids] = [this.#cells, this.#tids];
      this.#cells = new Float64Array(cells.length * 2);
      this.#cells.set(cells);
      this.#tids = new Int32Array(tids.length * 2);
      this.#tids.set(tids);
    }
    this.#tids[thread] = tid;
    this.#cells[thread * STRIDE + FIRST_TIME] = Number.NaN;
    this.#cells[thread * STRIDE + LAST_TIME] = Number.NaN;
  }
}
