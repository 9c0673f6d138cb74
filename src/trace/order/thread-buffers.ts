import { MIDNIGHT_STEP } from "../clock.ts";
import type { EventBatch } from "../event.ts";
import { TidIndex } from "../tid-index.ts";

/** µs by which the clocks of two CPUs may differ. */
const MIN_LATE = 100;

/** Pairs of threads kept. */
const MAX_PAIRS = 4096;

/** Turns that a log needs to show buffers. A clock that was set back twice may cause one. */
const MIN_TURNS = 3;

/** A shorter run of lines of one thread is no block: a buffer of 4096 bytes holds some 50 lines or more. */
const BLOCK_LINES = 16;

/** Runs that a log without times needs to show blocks, and the greatest part of them that may be shorter. */
const MIN_RUNS = 32;
const MAX_SHORT_RATIO = 0.25;

/** Cells of a thread's row: what is kept of it after its latest line. A log may have many thousand threads. */
/** µs, of that line */
const TIME = 0;
/** greatest time in the log up to that line, in µs, and the thread (index) that it is of */
const LATEST = 1;
const LEADER = 2;
/** how often the clock had been set back at that line */
const ERA = 3;
const STRIDE = 4;
const INITIAL_ROWS = 16;

/**
 * Recognises a hook that collects the lines of each thread in a buffer of its own, and writes the buffer when it is full
 * or when the process ends. Lines of a thread then stand in blocks, below lines of other threads that are later in time.
 *
 * A hook that writes each line at once may write it late, too, but then it is one line of the thread: the thread takes
 * the time of its next line after it has written this one, so the next is not earlier than any line above this one. That
 * holds with a lock and without. A line that is earlier was kept back.
 *
 * Two other causes show the same. If the clock is set back, threads see their own time go back. If several processes write
 * to one log and each has its own start of time, the lines of one are always behind the other's; those of two threads with
 * buffers are behind each other in turn.
 */
export class ThreadBuffers {
  /** lines that were kept back; meaningful if `areShown` */
  late = 0;
  /** µs by which the latest of them is late */
  latestBy = 0;
  #turns = 0;
  #era = 0;
  /** greatest time so far, and the thread (index) that it is of; −1 while no line has a time */
  #latest = Number.NEGATIVE_INFINITY;
  #leader = -1;
  /** of the latest line; −1 before the first */
  #tid = -1;
  #current = -1;
  /** the thread that the current run of lines is behind; −1 for none */
  #behind = -1;
  readonly #index = new TidIndex();
  #rows = new Float64Array(INITIAL_ROWS * STRIDE);
  /** for each thread, those that it was behind: the number of the latest time. Most threads never are. */
  readonly #pairsOf = new Map<number, Map<number, number>>();
  #pairs = 0;
  #times = 0;
  #runs = 0;
  #shortRuns = 0;
  #runLines = 0;

  /** True if the times show that threads have buffers. */
  get areShown(): boolean {
    return this.#turns >= MIN_TURNS;
  }

  /** True if the lines have no times, and lines of a thread stand in blocks: a thread may have written them at once. */
  get mayExist(): boolean {
    const isInBlocks = this.#runs >= MIN_RUNS && this.#shortRuns <= this.#runs * MAX_SHORT_RATIO;
    return this.#leader < 0 && isInBlocks;
  }

  /** Reads the next batch, in the order of the log. */
  read({ time, tid, length }: EventBatch): void {
    for (let from = 0; from < length; ) {
      if (tid[from] !== this.#tid) {
        this.#enter(tid[from]!);
      }
      let to = from + 1;
      while (to < length && tid[to] === this.#tid) {
        to++;
      }
      this.#runLines += to - from;
      this.#readRun(time, from, to);
      from = to;
    }
  }

  /** Reads lines from..to-1, of the current thread. Fields in variables: a loop of so few steps takes half as long then. */
  #readRun(time: Float64Array, from: number, to: number): void {
    const rows = this.#rows;
    const row = this.#current * STRIDE;
    for (let i = from; i < to; i++) {
      const at = time[i]!;
      if (Number.isNaN(at)) {
        continue;
      }
      if (at < rows[row + TIME]!) {
        this.#era++;
        this.#latest = at;
      } else if (at < rows[row + LATEST]! - MIN_LATE && rows[row + ERA] === this.#era) {
        this.#late(rows[row + LATEST]!, rows[row + LEADER]!, at);
      }
      if (at >= this.#latest) {
        this.#latest = at;
        this.#leader = this.#current;
      }
      rows[row + TIME] = at;
      rows[row + LATEST] = this.#latest;
      rows[row + LEADER] = this.#leader;
      rows[row + ERA] = this.#era;
    }
  }

  /** A line of time `at` follows others of its thread, above which `leader` had reached the time `latest`. */
  #late(latest: number, leader: number, at: number): void {
    if (latest - at > MIDNIGHT_STEP) {
      return;
    }
    this.late++;
    this.latestBy = Math.max(this.latestBy, this.#latest - at);
    if (leader === this.#behind) {
      return;
    }
    this.#behind = leader;
    const before = this.#pairsOf.get(this.#current)?.get(leader);
    const reverse = this.#pairsOf.get(leader)?.get(this.#current) ?? 0;
    if (reverse > (before ?? 0)) {
      this.#turns++;
    }
    if (before !== undefined || this.#pairs < MAX_PAIRS) {
      this.#pairs += before === undefined ? 1 : 0;
      this.#pairOf(this.#current).set(leader, ++this.#times);
    }
  }

  #pairOf(thread: number): Map<number, number> {
    let pairs = this.#pairsOf.get(thread);
    if (pairs === undefined) {
      pairs = new Map();
      this.#pairsOf.set(thread, pairs);
    }
    return pairs;
  }

  /** A run of lines of another thread begins. */
  #enter(tid: number): void {
    if (this.#current >= 0) {
      this.#runs++;
      this.#shortRuns += this.#runLines < BLOCK_LINES ? 1 : 0;
    }
    this.#runLines = 0;
    this.#behind = -1;
    this.#tid = tid;
    const known = this.#index.size;
    this.#current = this.#index.indexOf(tid);
    if (this.#current === known) {
      this.#add(known * STRIDE);
    }
  }

  #add(row: number): void {
    if (row === this.#rows.length) {
      const grown = new Float64Array(this.#rows.length * 2);
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#rows[row + TIME] = Number.NEGATIVE_INFINITY;
    this.#rows[row + LATEST] = Number.NEGATIVE_INFINITY;
    this.#rows[row + LEADER] = -1;
  }
}
