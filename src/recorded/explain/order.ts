import {
  REORDER_WINDOW_LINES,
  REORDER_WINDOW_MICROSECONDS,
} from "../../trace/order/reorder-window.ts";
import type { GuidedReplay } from "../guided-replay.ts";
import type { Order, PastBatch } from "./explanation.ts";
import type { RecentPast } from "./past.ts";

/** How far back swapped lines are searched for, in lines: a swap may stay hidden in a bin that long. */
const MAX_BACK = 2000;
/** Lines above and below a line that are tried as the one it was swapped with. */
const NEIGHBOURS = 3;

/**
 * Orders of lines that may explain the mismatch at event `mismatch` (0-based), where the log has one pointer and the
 * model returned `modelled`. A hook without a lock may log two calls of different threads in the wrong order
 * (ptmalloc2.md §12.4). The swap shows at once where the calls took or freed one of the two places, or much later, where
 * they only left a bin in another order. The orders come likeliest first:
 *
 * 1. A later call was given the model's place: it came first.
 * 2. An earlier call freed the model's place: it came later.
 * 3. The latest call that names either place, swapped with calls near it in the same arena.
 * 4. Any two calls of different threads in the same arena, nearest first.
 *
 * The calls of its own thread in between move together with a call: the order within a thread is true. Insertions
 * between two calls keep their place, so no line moves past one.
 */
export class OrderHypotheses {
  readonly #past: RecentPast;
  readonly #mismatch: number;
  readonly #modelled: number;
  /** a replay whose heaps lie where they did at the mismatch */
  readonly #replay: GuidedReplay;
  readonly #given = new Set<string>();

  constructor(past: RecentPast, mismatch: number, modelled: number, replay: GuidedReplay) {
    this.#past = past;
    this.#mismatch = mismatch;
    this.#modelled = modelled;
    this.#replay = replay;
  }

  *orders(): Generator<Order> {
    const at = this.#past.indexOf(this.#mismatch);
    const batch = this.#past.batches[at]!;
    const x = this.#mismatch - batch.first;
    const { pointerIn, pointerOut, length } = batch.work.batch;
    for (let y = x + 1; y < Math.min(length, x + REORDER_WINDOW_LINES); y++) {
      if (pointerOut[y] === this.#modelled) {
        yield* this.#lift(batch, y, x);
      }
    }
    for (let y = x - 1; y >= Math.max(0, x - REORDER_WINDOW_LINES); y--) {
      if (pointerIn[y] === this.#modelled) {
        yield* this.#lift(batch, x, y);
      }
    }
    yield* this.#aroundLatestOf(pointerOut[x]!, at, x);
    yield* this.#aroundLatestOf(this.#modelled, at, x);
    yield* this.#aroundThreadChanges(at, x);
  }

  /** In each batch, the latest line above line x of batch `at` that names the pointer, swapped with others. */
  *#aroundLatestOf(pointer: number, at: number, x: number): Generator<Order> {
    for (let k = at; k >= 0; k--) {
      const batch = this.#past.batches[k]!;
      const { pointerIn, pointerOut, length } = batch.work.batch;
      let y = (k === at ? x : length) - 1;
      while (y >= 0 && pointerIn[y] !== pointer && pointerOut[y] !== pointer) {
        y--;
      }
      if (y >= 0) {
        yield* this.#around(batch, y);
      }
    }
  }

  *#aroundThreadChanges(at: number, x: number): Generator<Order> {
    for (let k = at; k >= 0; k--) {
      const batch = this.#past.batches[k]!;
      const { thread } = batch.work.actions;
      const { length } = batch.work.batch;
      for (let y = k === at ? Math.min(x + NEIGHBOURS, length - 1) : length - 1; y > 0; y--) {
        if (batch.first + y < this.#mismatch - MAX_BACK) {
          return;
        }
        if (thread[y] !== thread[y - 1]) {
          yield* this.#around(batch, y);
        }
      }
    }
  }

  /** Line y swapped with calls of other threads in its arena, above and below. */
  *#around(batch: PastBatch, y: number): Generator<Order> {
    for (const z of this.#neighbours(batch, y, -1)) {
      yield* this.#lift(batch, y, z);
    }
    for (const z of this.#neighbours(batch, y, 1)) {
      yield* this.#lift(batch, z, y);
    }
  }

  /** Returns the nearest lines of other threads in the arena of line y, in one direction, up to its thread's next line. */
  #neighbours({ work }: PastBatch, y: number, step: number): number[] {
    const { thread } = work.actions;
    const { length } = work.batch;
    const arenas = this.#arenasOf(work, y);
    const found: number[] = [];
    for (
      let z = y + step;
      z >= 0 && z < length && Math.abs(z - y) < REORDER_WINDOW_LINES;
      z += step
    ) {
      if (thread[z] === thread[y] || found.length === NEIGHBOURS) {
        break;
      }
      if (this.#arenasOf(work, z).some((id) => arenas.includes(id))) {
        found.push(z);
      }
    }
    return found;
  }

  /** Line y and the lines of its thread in between, moved before line z above it; nothing if that is impossible. */
  *#lift(batch: PastBatch, y: number, z: number): Generator<Order> {
    const { thread, block } = batch.work.actions;
    const { time } = batch.work.batch;
    const own = thread[y]!;
    if (thread[z] === own || Math.abs(time[y]! - time[z]!) > REORDER_WINDOW_MICROSECONDS) {
      return;
    }
    if (this.#hasInsertionWithin(batch.first + z, batch.first + y)) {
      return;
    }
    const lifted: number[] = [];
    const passed: number[] = [];
    for (let k = z; k <= y; k++) {
      if (thread[k] !== own) {
        passed.push(k);
      }
      // Calls on one block keep their order.
      else if (block[k]! >= 0 && passed.some((other) => block[other] === block[k])) {
        return;
      } else {
        lifted.push(k);
      }
    }
    const lines = [...lifted, ...passed].map((k) => k - z);
    const key = `${batch.first + z}: ${lines}`;
    if (this.#given.has(key)) {
      return;
    }
    this.#given.add(key);
    yield { kind: "order", batch, from: z, lines };
  }

  /** True if an insertion stands after event `above` and no later than event `below`. */
  #hasInsertionWithin(above: number, below: number): boolean {
    return this.#past.insertions.some(({ before }) => before > above && before <= below);
  }

  /** Returns the arenas whose heaps hold the pointers of line i. */
  #arenasOf({ batch }: PastBatch["work"], i: number): number[] {
    const { model, judge } = this.#replay;
    return [batch.pointerIn[i]!, batch.pointerOut[i]!].flatMap((pointer) => {
      const heap = pointer === 0 ? -1 : judge.addresses.placeOf(model, pointer, 0).heap;
      return heap < 0 ? [] : [model.heaps[heap]!.arena.id];
    });
  }
}
