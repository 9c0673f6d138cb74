import type { Insertion } from "../replay/insertions.ts";
import { newWork, type Work } from "../replay/work.ts";
import { EVENTS_PER_BATCH, gather } from "../trace/columns.ts";
import { copyRare } from "./rare-columns.ts";

/** Part of a log in another order, and what happens between its calls. */
export interface Reordered {
  readonly work: Work;
  /** number of its first event in the new order */
  readonly first: number;
  readonly insertions: readonly Insertion[];
}

/** Makes batches of rows of a work that come one by one. The rows must not change before the batch is taken. */
export class ReorderedWorks {
  /** number of the first event of the batch that is being filled */
  #first: number;
  readonly #from: Work;
  /** the rows of the batch that is being filled, and when its events happen */
  readonly #rows = new Int32Array(EVENTS_PER_BATCH);
  readonly #times = new Float64Array(EVENTS_PER_BATCH);
  #length = 0;
  #insertions: Insertion[] = [];
  #full: Reordered[] = [];
  readonly #unused: Work[];

  /** Takes rows of `from`; `unused`: batches that may be filled again. */
  constructor(from: Work, first: number, unused: Work[]) {
    this.#from = from;
    this.#first = first;
    this.#unused = unused;
  }

  /** Adds a row, at `time` in µs on the log's clock. */
  addRow(row: number, time: number): void {
    this.#rows[this.#length] = row;
    this.#times[this.#length] = time;
    this.#length++;
    if (this.#length === EVENTS_PER_BATCH) {
      this.#close();
    }
  }

  addInsertion(insertion: Insertion): void {
    this.#insertions.push({ ...insertion, before: this.#first + this.#length });
  }

  /** Returns what has been added since the last call. */
  take(): Reordered[] {
    if (this.#length > 0 || this.#insertions.length > 0) {
      this.#close();
    }
    const full = this.#full;
    this.#full = [];
    return full;
  }

  #close(): void {
    const work = this.#unused.pop() ?? newWork();
    this.#fill(work);
    this.#full.push({ work, first: this.#first, insertions: this.#insertions });
    this.#first += this.#length;
    this.#length = 0;
    this.#insertions = [];
  }

  /** Fills the columns that a replay reads of these rows. */
  #fill(to: Work): void {
    const { batch, actions, touch } = to;
    const from = this.#from;
    const rows = this.#rows.subarray(0, this.#length);
    batch.length = rows.length;
    batch.time.set(this.#times.subarray(0, rows.length));
    gather(batch.size, from.batch.size, rows);
    gather(actions.action, from.actions.action, rows);
    gather(actions.thread, from.actions.thread, rows);
    gather(actions.block, from.actions.block, rows);
    gather(touch.whole, from.touch.whole, rows);
    for (let n = 0; n < rows.length; n++) {
      copyRare(to, n, from, rows[n]!);
    }
  }
}
