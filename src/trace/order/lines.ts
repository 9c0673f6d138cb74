import { columnNames } from "../columns.ts";
import { EVENT_COLUMNS, type EventBatch, type EventColumns, Op } from "../event.ts";

const COLUMNS = columnNames(EVENT_COLUMNS);

/** A batch and the one that follows it, as one sequence of lines. */
export class Lines {
  readonly length: number;
  readonly #batch: EventBatch;
  readonly #next: EventBatch | null;

  constructor(batch: EventBatch, next: EventBatch | null) {
    this.#batch = batch;
    this.#next = next;
    this.length = batch.length + (next?.length ?? 0);
  }

  get(column: keyof EventColumns, k: number): number {
    const beyond = k - this.#batch.length;
    return (beyond < 0 ? this.#batch[column][k] : this.#next?.[column][beyond]) ?? 0;
  }

  set(column: keyof EventColumns, k: number, value: number): void {
    const beyond = k - this.#batch.length;
    if (beyond < 0) {
      this.#batch[column][k] = value;
    } else if (this.#next !== null) {
      this.#next[column][beyond] = value;
    }
  }

  /** The previous line of thread `tid` before line i; −1 if there is none. */
  previousOf(tid: number, i: number): number {
    const { length } = this.#batch;
    const there = i > length ? (this.#next?.tid.lastIndexOf(tid, i - length - 1) ?? -1) : -1;
    if (there >= 0) {
      return length + there;
    }
    const last = Math.min(i, length) - 1;
    return last < 0 ? -1 : this.#batch.tid.lastIndexOf(tid, last);
  }

  /** The next line of thread `tid` after line i; −1 if there is none. */
  nextOf(tid: number, i: number): number {
    const { length, tid: tids } = this.#batch;
    const here = i + 1 < length ? tids.indexOf(tid, i + 1) : -1;
    if (here >= 0 && here < length) {
      return here;
    }
    const from = Math.max(0, i + 1 - length);
    const there = this.#next?.tid.indexOf(tid, from) ?? -1;
    return there >= 0 && length + there < this.length ? length + there : -1;
  }

  /** The line below the last comment; 0 if there is none. */
  get afterLastComment(): number {
    const below = this.#next?.notes.at(-1)?.at;
    return below === undefined ? (this.#batch.notes.at(-1)?.at ?? 0) : this.#batch.length + below;
  }

  /** The pointer that line k frees; 0 for none. A realloc that failed frees nothing. */
  freedBy(k: number): number {
    const op = this.get("op", k);
    const isFreed =
      op === Op.free ||
      (op === Op.realloc && (this.get("pointerOut", k) !== 0 || this.get("size", k) === 0));
    return isFreed ? this.get("pointerIn", k) : 0;
  }

  /** The pointer that line k returns; 0 for none. */
  returnedBy(k: number): number {
    return this.get("op", k) <= Op.pvalloc ? this.get("pointerOut", k) : 0;
  }

  /** True if line k is a free(NULL). */
  isNull(k: number): boolean {
    return this.get("op", k) === Op.free && this.get("pointerIn", k) === 0;
  }

  /** Moves line `from` before line `to`, which stands above it. */
  lift(from: number, to: number): void {
    for (const column of COLUMNS) {
      const value = this.get(column, from);
      for (let k = from; k > to; k--) {
        this.set(column, k, this.get(column, k - 1));
      }
      this.set(column, to, value);
    }
  }

  /** The line below the first comment after line i; Infinity if there is none. */
  commentAfter(i: number): number {
    const { length, notes } = this.#batch;
    const here = notes.find(({ at }) => at > i)?.at;
    const there = this.#next?.notes[0]?.at ?? Number.POSITIVE_INFINITY;
    return here ?? length + there;
  }
}
