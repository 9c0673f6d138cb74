import type { EventBatch } from "../event.ts";
import { Lines } from "./lines.ts";
import { REORDER_WINDOW_LINES, REORDER_WINDOW_MICROSECONDS } from "./reorder-window.ts";

/** Lines tried for one contradiction: its pointer may be allocated and freed several times in a row. */
const MAX_TRIED = 6;

/** What a contradicting event lacks before it: a call that frees its pointer, or one that returns it. */
export type Missing = "free" | "allocation";

/**
 * Repairs the order of calls of different threads that a hook without a lock logged in the wrong order (ptmalloc2.md
 * §12.4), where the log itself shows it. If an allocation returns a live pointer, and another thread frees that pointer a
 * few lines below, the free came first. If a call frees a pointer that is not live, and a call of another thread returns
 * that pointer a few lines below, the allocation came first. The later line then moves before the one it contradicts.
 *
 * Lines of one thread keep their order: lines of the same thread in between move along. No line moves over a comment,
 * because a comment refers to its place. A move must leave fewer contradictions than before among the lines nearby. A log
 * in the allocator's order has no contradictions, so it stays unchanged and is not searched.
 */
export class LineOrder {
  /** lines that moved before one above them */
  moved = 0;
  /** whether the log so far shows a pointer (≠ 0) to be live */
  readonly #isLive: (pointer: number) => boolean;

  constructor(isLive: (pointer: number) => boolean) {
    this.#isLive = isLive;
  }

  /**
   * Event `i` contradicts the log so far: it returns `pointer`, which is live (a free is missing), or frees `pointer`,
   * which is not (an allocation is missing). If a line below is the missing call, moves it before event i and returns
   * true: row i then holds another event. `next` is the batch that follows, null at the log's end; lines may come from it.
   */
  repair(
    batch: EventBatch,
    i: number,
    next: EventBatch | null,
    pointer: number,
    missing: Missing,
  ): boolean {
    let candidate = nextOf(pointer, batch, i, i, next);
    if (candidate < 0) {
      return false;
    }
    const lines = new Lines(batch, next);
    const end = Math.min(lines.length, i + REORDER_WINDOW_LINES, lines.commentAfter(i));
    const logged = range(i, end);
    // Both orders are counted over the same lines, beyond the candidate: a move may cause a contradiction with the next
    // line of the pointer. Since each move lowers the count, there are at most that many before event i.
    const before = this.#contradictions(lines, logged);
    for (let tried = 0; tried < MAX_TRIED && candidate >= 0 && candidate < end; tried++) {
      if (isMissingCall(lines, i, candidate, pointer, missing)) {
        const tid = lines.get("tid", candidate);
        const lifted = range(i, candidate + 1).filter((k) => lines.get("tid", k) === tid);
        const others = logged.filter((k) => !lifted.includes(k));
        if (this.#contradictions(lines, [...lifted, ...others]) < before) {
          for (const [n, k] of lifted.entries()) {
            lines.lift(k, i + n);
          }
          this.moved += lifted.length;
          return true;
        }
      }
      candidate = nextOf(pointer, batch, i, candidate, next);
    }
    return false;
  }

  /** How often these lines, in this order, free a pointer that is not live or return one that is. */
  #contradictions(lines: Lines, order: readonly number[]): number {
    const live = new Map<number, boolean>();
    const isLive = (pointer: number): boolean => live.get(pointer) ?? this.#isLive(pointer);
    let found = 0;
    for (const k of order) {
      const from = lines.freedBy(k);
      if (from !== 0 && !isLive(from)) {
        found++;
      }
      live.set(from, false);
      const to = lines.returnedBy(k);
      if (to !== 0 && isLive(to)) {
        found++;
      }
      live.set(to, true);
    }
    return found;
  }
}

/**
 * The first line after line `after` that names `pointer`, numbered on into `next`; −1 if there is none within the window
 * of event `i`. A plain loop: a log that began late has an unknown pointer every few lines.
 */
function nextOf(
  pointer: number,
  batch: EventBatch,
  i: number,
  after: number,
  next: EventBatch | null,
): number {
  const here = Math.min(batch.length, i + REORDER_WINDOW_LINES);
  for (let k = after + 1; k < here; k++) {
    if (batch.pointerIn[k] === pointer || batch.pointerOut[k] === pointer) {
      return k;
    }
  }
  if (next === null) {
    return -1;
  }
  const there = Math.min(next.length, i + REORDER_WINDOW_LINES - batch.length);
  for (let k = Math.max(0, after + 1 - batch.length); k < there; k++) {
    if (next.pointerIn[k] === pointer || next.pointerOut[k] === pointer) {
      return batch.length + k;
    }
  }
  return -1;
}

/**
 * True if line k is of another thread than line i, near it in time, and is the missing call for `pointer`. Lines without
 * a time count as near.
 */
function isMissingCall(
  lines: Lines,
  i: number,
  k: number,
  pointer: number,
  missing: Missing,
): boolean {
  if (lines.get("tid", k) === lines.get("tid", i)) {
    return false;
  }
  if (Math.abs(lines.get("time", k) - lines.get("time", i)) > REORDER_WINDOW_MICROSECONDS) {
    return false;
  }
  const isFreed = lines.freedBy(k) === pointer;
  const isReturned = lines.returnedBy(k) === pointer;
  return missing === "free" ? isFreed && !isReturned : isReturned && !isFreed;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}
