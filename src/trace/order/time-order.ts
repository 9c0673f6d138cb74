import { columnNames, EVENTS_PER_BATCH } from "../columns.ts";
import { EVENT_COLUMNS, type EventBatch } from "../event.ts";
import { Lines } from "./lines.ts";

/** Batches that wait for late lines, once the log has shown one. */
const WINDOW_BATCHES = 8;

/** µs by which a line may be late. A larger step back is one of the clock: midnight, or a clock that was set. */
const MAX_LATE = 10e6;

/** Pairs of batches in which both orders are compared by the contradictions they have. */
const MAX_COMPARED = 32;

const COLUMNS = columnNames(EVENT_COLUMNS);

/**
 * Puts late lines where their times say. A hook without a lock takes the time right after the call, but the thread may
 * lose the processor before it writes the line; the line then stands milliseconds too low, below those of hundreds of
 * other calls (ptmalloc2.md §12.4).
 *
 * A hook with a lock may take the time outside of it: then the lines have the allocator's order, and the times do not. The
 * pointers show which of the two is right: in the right order nothing is freed twice, or returned while live.
 *
 * Lines of one thread keep their order, and none moves over a comment, because a comment refers to its place.
 */
export class TimeOrder {
  /** lines moved */
  moved = 0;
  /** batches that wait, oldest first */
  readonly #held: EventBatch[] = [];
  #capacity = 1;
  /** greatest time so far */
  #latest = Number.NEGATIVE_INFINITY;
  #compared = 0;
  /** contradictions of the order of lines, less those of the order of times */
  #preference = 0;
  readonly #scratch = new Float64Array(2 * EVENTS_PER_BATCH);

  /** Takes the next batch. Returns the oldest one if more wait than must. */
  take(batch: EventBatch): EventBatch | null {
    this.#held.push(batch);
    if (this.#hasLate(batch)) {
      this.#capacity = WINDOW_BATCHES;
      this.#sort();
    }
    return this.#held.length > this.#capacity ? this.release() : null;
  }

  /** Returns the oldest batch; null if none waits. */
  release(): EventBatch | null {
    return this.#held.shift() ?? null;
  }

  /** the batches that wait, oldest first */
  get waiting(): readonly EventBatch[] {
    return this.#held;
  }

  /** the batch that `release` returns next; null if none waits */
  get next(): EventBatch | null {
    return this.#held[0] ?? null;
  }

  /** Returns true if a line of the batch has an earlier time than a line above. */
  #hasLate({ time, length }: EventBatch): boolean {
    let latest = this.#latest;
    let isLate = false;
    for (let i = 0; i < length; i++) {
      const at = time[i]!;
      if (at < latest) {
        isLate = true;
        latest = at < latest - MAX_LATE ? at : latest;
      } else if (at > latest) {
        latest = at;
      }
    }
    this.#latest = latest;
    return isLate;
  }

  /** Moves the late lines of the newest batch up, from one pair of batches to the one above. */
  #sort(): void {
    const held = this.#held;
    for (let n = held.length - 1; n >= 0; n--) {
      const lines = n > 0 ? new Lines(held[n - 1]!, held[n]!) : new Lines(held[0]!, null);
      const order = orderByTime(lines);
      if (order === null || !this.#isRight(lines, order)) {
        return;
      }
      if (n === held.length - 1) {
        this.moved += order.late;
      }
      this.#apply(lines, order);
      if (order.from > 0) {
        return;
      }
    }
  }

  /** True if the order of times fits the pointers of the log so far at least as well as the order of lines. */
  #isRight(lines: Lines, order: Order): boolean {
    if (this.#compared < MAX_COMPARED) {
      this.#compared++;
      this.#preference += contradictions(lines, order.from, null);
      this.#preference -= contradictions(lines, order.from, order.lines);
    }
    return this.#preference >= 0;
  }

  #apply(lines: Lines, { from, lines: order }: Order): void {
    for (const column of COLUMNS) {
      for (let n = 0; n < order.length; n++) {
        this.#scratch[n] = lines.get(column, order[n]!);
      }
      for (let n = 0; n < order.length; n++) {
        lines.set(column, from + n, this.#scratch[n]!);
      }
    }
  }
}

/** The order of the lines from line `from` on. */
interface Order {
  readonly from: number;
  readonly lines: readonly number[];
  /** how many of them move up */
  readonly late: number;
}

/** Returns the order in which late lines stand where their times say; null if no line is late. */
function orderByTime(lines: Lines): Order | null {
  const timeOf = (k: number): number => lines.get("time", k);
  const order: number[] = [];
  const start = lines.afterLastComment;
  /** the first line since the clock was set back: no line moves above it */
  let since = start;
  let punctual: number[] = [];
  let late: number[] = [];
  let moved = 0;
  let latest = Number.NEGATIVE_INFINITY;
  for (let k = start; k < lines.length; k++) {
    const time = timeOf(k);
    if (time < latest) {
      if (time >= latest - MAX_LATE && mayMove(lines, since, k)) {
        late.push(k);
        moved++;
        continue;
      }
      order.push(...merge(punctual, late, timeOf));
      since = k;
      punctual = [];
      late = [];
    }
    punctual.push(k);
    if (!Number.isNaN(time)) {
      latest = time;
    }
  }
  if (moved === 0) {
    return null;
  }
  order.push(...merge(punctual, late, timeOf));
  const changed = order.findIndex((k, n) => k !== start + n);
  return { from: start + changed, lines: order.slice(changed), late: moved };
}

/** True unless the thread's own line above has a later time or none: the clock was set, or there is no telling. */
function mayMove(lines: Lines, start: number, k: number): boolean {
  const previous = lines.previousOf(lines.get("tid", k), k);
  return previous < start || lines.get("time", previous) <= lines.get("time", k);
}

/** Merges late lines into punctual ones by time; a punctual line of the same time comes first. */
function merge(
  punctual: readonly number[],
  unsorted: readonly number[],
  timeOf: (k: number) => number,
): number[] {
  const late = [...unsorted].sort((a, b) => timeOf(a) - timeOf(b) || a - b);
  const merged: number[] = [];
  let n = 0;
  for (const k of punctual) {
    const time = timeOf(k);
    while (n < late.length && timeOf(late[n]!) < time) {
      merged.push(late[n++]!);
    }
    merged.push(k);
  }
  return [...merged, ...late.slice(n)];
}

/**
 * Counts the contradictions among the lines from line `from` on, in the order given: pointers freed twice, or returned
 * while live.
 */
function contradictions(lines: Lines, from: number, order: readonly number[] | null): number {
  const isLive = new Map<number, boolean>();
  let found = 0;
  for (let n = 0; from + n < lines.length; n++) {
    const k = order === null ? from + n : order[n]!;
    const [freed, returned] = [lines.freedBy(k), lines.returnedBy(k)];
    if (freed !== 0) {
      found += isLive.get(freed) === false ? 1 : 0;
      isLive.set(freed, false);
    }
    if (returned !== 0) {
      found += isLive.get(returned) === true ? 1 : 0;
      isLive.set(returned, true);
    }
  }
  return found;
}
