import { columnNames } from "../columns.ts";
import { EVENT_COLUMNS, type EventBatch, type EventColumns, Op } from "../event.ts";

/** How far a call may stand from where it belongs: in µs where lines carry times, and in lines. */
const WINDOW_MICROSECONDS = 100;
const WINDOW_LINES = 64;
/** Lines tried for one contradiction: its pointer may have been handed out and taken back several times in a row. */
const MAX_TRIED = 6;

const COLUMNS = columnNames(EVENT_COLUMNS);

/**
 * Calls of different threads that a hook without a lock logged in the wrong order (ptmalloc2.md §12.4), as far as the
 * log itself shows it. A pointer that is handed out while it is live, and taken back by another thread a few lines
 * below, was taken back first; a pointer that is taken back though nobody has it, and handed out to another thread a
 * few lines below, was handed out first. The later line is then put before the one it contradicts.
 *
 * Lines of one thread never change their order: those of the same thread that stand in between move along. Nor does a
 * line move over a comment, for what that tells holds at its place. A move must leave fewer contradictions than there
 * were among the lines nearby; so a log in true order stays as it is, and is not even looked at.
 */
export class LineOrder {
  /** lines put before one that stood above them */
  moved = 0;
  /** whether the log so far shows a pointer (≠ 0) to be live */
  readonly #isLive: (pointer: number) => boolean;

  constructor(isLive: (pointer: number) => boolean) {
    this.#isLive = isLive;
  }

  /**
   * Event `i` contradicts the log so far: it hands out `pointer`, which is live (`wants` "taken"), or takes `pointer`,
   * which is not (`wants` "given"). If a line below sets that right, it is put before event i; true if so: another
   * event is then number i. `next` is the batch that follows, null at the log's end; lines may come from there.
   */
  repair(
    batch: EventBatch,
    i: number,
    next: EventBatch | null,
    pointer: number,
    wants: "taken" | "given",
  ): boolean {
    let cure = nextOf(pointer, batch, i, i, next);
    if (cure < 0) {
      return false;
    }
    const lines = new Lines(batch, next);
    const end = Math.min(lines.length, i + WINDOW_LINES, lines.commentAfter(i));
    const logged = range(i, end);
    // Every line up to the same end counts: what a pointer's last line says shows only in the next. And so a line is
    // moved before event i no more often than there are contradictions.
    const before = this.#contradictions(lines, logged);
    for (let tried = 0; tried < MAX_TRIED && cure >= 0 && cure < end; tried++) {
      if (isCure(lines, i, cure, pointer, wants)) {
        const tid = lines.get("tid", cure);
        const lifted = range(i, cure + 1).filter((k) => lines.get("tid", k) === tid);
        const others = logged.filter((k) => !lifted.includes(k));
        if (this.#contradictions(lines, [...lifted, ...others]) < before) {
          for (const [n, k] of lifted.entries()) {
            lines.lift(k, i + n);
          }
          this.moved += lifted.length;
          return true;
        }
      }
      cure = nextOf(pointer, batch, i, cure, next);
    }
    return false;
  }

  /** How often these lines, in this order, take what nobody has or hand out what somebody has. */
  #contradictions(lines: Lines, order: readonly number[]): number {
    const live = new Map<number, boolean>();
    const isLive = (pointer: number): boolean => live.get(pointer) ?? this.#isLive(pointer);
    let found = 0;
    for (const k of order) {
      const from = taken(lines, k);
      if (from !== 0 && !isLive(from)) {
        found++;
      }
      live.set(from, false);
      const to = given(lines, k);
      if (to !== 0 && isLive(to)) {
        found++;
      }
      live.set(to, true);
    }
    return found;
  }
}

/**
 * The first line below line `after` that names `pointer`, counted on into `next`; −1 if there is none near event `i`. A
 * plain loop, for a log that was begun late has an unknown pointer in every few lines.
 */
function nextOf(
  pointer: number,
  batch: EventBatch,
  i: number,
  after: number,
  next: EventBatch | null,
): number {
  const here = Math.min(batch.length, i + WINDOW_LINES);
  for (let k = after + 1; k < here; k++) {
    if (batch.pointerIn[k] === pointer || batch.pointerOut[k] === pointer) {
      return k;
    }
  }
  if (next === null) {
    return -1;
  }
  const there = Math.min(next.length, i + WINDOW_LINES - batch.length);
  for (let k = Math.max(0, after + 1 - batch.length); k < there; k++) {
    if (next.pointerIn[k] === pointer || next.pointerOut[k] === pointer) {
      return batch.length + k;
    }
  }
  return -1;
}

/** Whether line k is of another thread than line i, may have come before it, and does to `pointer` as wanted. */
function isCure(
  lines: Lines,
  i: number,
  k: number,
  pointer: number,
  wants: "taken" | "given",
): boolean {
  if (lines.get("tid", k) === lines.get("tid", i)) {
    return false;
  }
  if (Math.abs(lines.get("time", k) - lines.get("time", i)) > WINDOW_MICROSECONDS) {
    return false;
  }
  const isTaken = taken(lines, k) === pointer;
  const isGiven = given(lines, k) === pointer;
  return isTaken !== isGiven && isTaken === (wants === "taken");
}

/** The pointer that line k takes back; 0 for none. A realloc that failed took nothing. */
function taken(lines: Lines, k: number): number {
  const op = lines.get("op", k);
  const isTaken =
    op === Op.free ||
    (op === Op.realloc && (lines.get("pointerOut", k) !== 0 || lines.get("size", k) === 0));
  return isTaken ? lines.get("pointerIn", k) : 0;
}

/** The pointer that line k hands out; 0 for none. */
function given(lines: Lines, k: number): number {
  return lines.get("op", k) <= Op.pvalloc ? lines.get("pointerOut", k) : 0;
}

/** A batch and the one that follows it, as one. */
class Lines {
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

  /** Puts line `from` before line `to`, which stands above it. */
  lift(from: number, to: number): void {
    for (const column of COLUMNS) {
      const value = this.get(column, from);
      for (let k = from; k > to; k--) {
        this.#set(column, k, this.get(column, k - 1));
      }
      this.#set(column, to, value);
    }
  }

  /** The first line below line i that a comment stands before; Infinity if there is none. */
  commentAfter(i: number): number {
    const { length, notes } = this.#batch;
    const here = notes.find(({ at }) => at > i)?.at;
    const there = this.#next?.notes[0]?.at ?? Number.POSITIVE_INFINITY;
    return here ?? length + there;
  }

  #set(column: keyof EventColumns, k: number, value: number): void {
    const beyond = k - this.#batch.length;
    if (beyond < 0) {
      this.#batch[column][k] = value;
    } else if (this.#next !== null) {
      this.#next[column][beyond] = value;
    }
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}
