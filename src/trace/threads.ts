import type { ActionBatch } from "./actions.ts";
import { type EventBatch, Op } from "./event.ts";
import { RowsTimeline } from "./row-series.ts";
import { TidIndex } from "./tid-index.ts";

/** One thread of the log, as the report's table shows it. Counts are calls, sizes bytes of requests. */
export interface ThreadRow {
  readonly tid: number;
  readonly malloc: number;
  readonly calloc: number;
  /** also realloc(NULL, n) and realloc(p, 0): the call made counts, not what it comes to */
  readonly realloc: number;
  /** memalign, aligned_alloc, posix_memalign, valloc, pvalloc */
  readonly memalign: number;
  /** also free(NULL) */
  readonly free: number;
  /** the five above together */
  readonly calls: number;
  /** lines of any kind: calls, malloc_trim, mallopt, thread_exit, marks */
  readonly lines: number;
  /** allocations that returned NULL */
  readonly failedCalls: number;
  /** bytes requested by allocations that succeeded, realloc's new size included */
  readonly volumeBytes: number;
  /** of blocks this thread allocated or was the last to realloc */
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly peakLiveBytes: number;
  /** bytes this thread allocated that another freed or took over by realloc */
  readonly freedByOthersBytes: number;
  /** bytes another thread allocated that this one freed or took over by realloc */
  readonly freedForOthersBytes: number;
  /** µs on the log's clock of its first and last line that carries a time; NaN when none does */
  readonly firstTime: number;
  readonly lastTime: number;
  /** times it was given the place of another thread's live block */
  readonly takenFromOthers: number;
}

/** A row's cells: first the lines of each `Op`, so that one increment counts an event, then these. */
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
/** most live bytes since the open point of the timeline began */
const POINT_PEAK = OPS + 11;
/** Doubles a row: three cache lines. */
const STRIDE = 24;
const INITIAL_ROWS = 16;
/** Values of the threads' timelines: 2 MiB, and 32 points for each of 8192 threads. */
const MAX_TIMELINE_VALUES = 2 ** 18;

/** The per-thread ledger. Threads are dense indexes in order of first appearance. */
export class ThreadTable {
  readonly #index = new TidIndex();
  /** One array of rows and not an array a column: an event touches several cells of one row. */
  #cells = new Float64Array(INITIAL_ROWS * STRIDE);
  #rows = 0;
  readonly #liveTimeline = new RowsTimeline(MAX_TIMELINE_VALUES);

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
      if (Number.isNaN(cells[row + FIRST_TIME])) {
        cells[row + FIRST_TIME] = time;
      }
      cells[row + LAST_TIME] = time;
    }
  }

  /** A call that should have returned a block returned NULL. */
  failed(thread: number): void {
    this.#cells[thread * STRIDE + FAILED]!++;
  }

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

  /** `thread` frees a block of `owner`. */
  freed(thread: number, owner: number, bytes: number): void {
    this.lost(owner, bytes);
    if (thread === owner) {
      return;
    }
    this.#cells[owner * STRIDE + FREED_BY_OTHERS]! += bytes;
    this.#cells[thread * STRIDE + FREED_FOR_OTHERS]! += bytes;
  }

  /** `thread` was given the place of a block of `owner` that is live in the log. */
  taken(thread: number, owner: number): void {
    if (thread !== owner) {
      this.#cells[thread * STRIDE + TAKEN]!++;
    }
  }

  /** A block of `owner` is gone, freed by nobody knows whom. */
  lost(owner: number, bytes: number): void {
    const row = owner * STRIDE;
    this.#cells[row + LIVE_BYTES]! -= bytes;
    this.#cells[row + LIVE_BLOCKS]!--;
  }

  /** first event (0-based) before which the open point of the timelines is to be closed */
  get pointEnd(): number {
    return this.#liveTimeline.end;
  }

  get eventsPerPoint(): number {
    return this.#liveTimeline.eventsPerPoint;
  }

  /** The last event of the open point was applied. */
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
   * Live bytes of a thread over the log's `events` events: the most that it had live at any time of each point, its
   * beginning included. The last point may be short.
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
    const memalign = cells[Op.memalign]! + cells[Op.valloc]! + cells[Op.pvalloc]!;
    const [malloc, calloc] = [cells[Op.malloc]!, cells[Op.calloc]!];
    const [realloc, free] = [cells[Op.realloc]!, cells[Op.free]!];
    return {
      tid: cells[TID]!,
      malloc,
      calloc,
      realloc,
      memalign,
      free,
      calls: malloc + calloc + realloc + memalign + free,
      lines: cells.subarray(0, OPS).reduce((sum, count) => sum + count, 0),
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

  /** Every thread, in order of first appearance. */
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
