import { MIDNIGHT_STEP } from "../clock.ts";
import type { EventBatch } from "../event.ts";

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

/** What is kept of a thread after its latest line. */
interface Thread {
  /** µs, of that line */
  time: number;
  /** greatest time in the log up to that line, in µs, and the thread that it is of */
  latest: number;
  leader: number;
  /** how often the clock had been set back at that line */
  era: number;
  /** for each thread that this one was behind: the number of the latest time; null: none. Most threads never are. */
  behind: Map<number, number> | null;
}

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
  /** greatest time so far, and the thread that it is of; −1 while no line has a time */
  #latest = Number.NEGATIVE_INFINITY;
  #leader = -1;
  #tid = -1;
  #current: Thread | null = null;
  /** the thread that the current run of lines is behind; −1 for none */
  #behind = -1;
  readonly #threads = new Map<number, Thread>();
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
    for (let i = 0; i < length; i++) {
      const current =
        tid[i] === this.#tid && this.#current !== null ? this.#current : this.#enter(tid[i]!);
      this.#runLines++;
      const at = time[i]!;
      if (Number.isNaN(at)) {
        continue;
      }
      if (at < current.time) {
        this.#era++;
        this.#latest = at;
      } else if (at < current.latest - MIN_LATE && current.era === this.#era) {
        this.#late(current, at);
      }
      if (at >= this.#latest) {
        this.#latest = at;
        this.#leader = this.#tid;
      }
      current.time = at;
      current.latest = this.#latest;
      current.leader = this.#leader;
      current.era = this.#era;
    }
  }

  #late(current: Thread, at: number): void {
    const { latest, leader } = current;
    if (latest - at > MIDNIGHT_STEP) {
      return;
    }
    this.late++;
    this.latestBy = Math.max(this.latestBy, this.#latest - at);
    if (leader === this.#behind) {
      return;
    }
    this.#behind = leader;
    current.behind ??= new Map();
    const before = current.behind.get(leader);
    const reverse = this.#threads.get(leader)?.behind?.get(this.#tid) ?? 0;
    if (reverse > (before ?? 0)) {
      this.#turns++;
    }
    if (before !== undefined || this.#pairs < MAX_PAIRS) {
      this.#pairs += before === undefined ? 1 : 0;
      current.behind.set(leader, ++this.#times);
    }
  }

  /** A run of lines of another thread begins. */
  #enter(tid: number): Thread {
    if (this.#current !== null) {
      this.#runs++;
      this.#shortRuns += this.#runLines < BLOCK_LINES ? 1 : 0;
    }
    this.#runLines = 0;
    this.#behind = -1;
    this.#tid = tid;
    let thread = this.#threads.get(tid);
    if (thread === undefined) {
      const latest = Number.NEGATIVE_INFINITY;
      thread = { time: latest, latest, leader: -1, era: 0, behind: null };
      this.#threads.set(tid, thread);
    }
    this.#current = thread;
    return thread;
  }
}
