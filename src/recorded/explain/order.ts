import type { PointerJudge } from "../../replay/pointers/pointer-judge.ts";
import { judgeOf, type ScenarioRun } from "../../replay/scenario-run.ts";
import {
  REORDER_WINDOW_LINES,
  REORDER_WINDOW_MICROSECONDS,
} from "../../trace/order/reorder-window.ts";
import type { Order, PastBatch, RecentPast } from "./past.ts";

/** How far back lines that changed places are sought, in lines: until then a swap may stay hidden in a bin. */
const MAX_BACK = 2000;
/** Lines above and below one that are tried for the one it changed places with. */
const NEIGHBOURS = 3;

/**
 * Orders of the lines of which one may have made event `wrong` (0-based) go wrong, where the log has a pointer and the
 * model returned `modelled`. Two calls of different threads that a hook without a lock logged the wrong way round
 * (ptmalloc2.md §12.4) show at once where they took or gave one of the two places, or much later, where they only left
 * a bin in another order. So these are given, likeliest first:
 *
 * 1. A later call was given the model's place: it came first.
 * 2. An earlier call freed the model's place: it came later.
 * 3. The latest call that names either place, changed with calls near it in the same arena.
 * 4. Any two calls of different threads in the same arena, the nearest first.
 *
 * A call takes those of its own thread along that stand in between: the order within a thread is true. What the log
 * tells of between two calls holds where it stands, so that no line moves over it.
 */
export class OrderHypotheses {
  readonly #past: RecentPast;
  readonly #wrong: number;
  readonly #modelled: number;
  /** a run whose heaps lie where they did when the event went wrong */
  readonly #run: ScenarioRun;
  readonly #judge: PointerJudge;
  readonly #given = new Set<string>();

  constructor(past: RecentPast, wrong: number, modelled: number, run: ScenarioRun) {
    this.#past = past;
    this.#wrong = wrong;
    this.#modelled = modelled;
    this.#run = run;
    this.#judge = judgeOf(run);
  }

  *orders(): Generator<Order> {
    const at = this.#past.indexOf(this.#wrong);
    const batch = this.#past.batches[at]!;
    const x = this.#wrong - batch.first;
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
    yield* this.#aroundBoundaries(at, x);
  }

  /** The latest line above line x of batch `at` that names the pointer, changed with others; in each batch. */
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

  *#aroundBoundaries(at: number, x: number): Generator<Order> {
    for (let k = at; k >= 0; k--) {
      const batch = this.#past.batches[k]!;
      const { thread } = batch.work.actions;
      const { length } = batch.work.batch;
      for (let y = k === at ? Math.min(x + NEIGHBOURS, length - 1) : length - 1; y > 0; y--) {
        if (batch.first + y < this.#wrong - MAX_BACK) {
          return;
        }
        if (thread[y] !== thread[y - 1]) {
          yield* this.#around(batch, y);
        }
      }
    }
  }

  /** Line y changed with calls of other threads in its arena, above and below. */
  *#around(batch: PastBatch, y: number): Generator<Order> {
    for (const z of this.#neighbours(batch, y, -1)) {
      yield* this.#lift(batch, y, z);
    }
    for (const z of this.#neighbours(batch, y, 1)) {
      yield* this.#lift(batch, z, y);
    }
  }

  /** The nearest lines of other threads in the arena of line y, in one direction, up to its own thread's next line. */
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

  /** Line y, with those of its thread in between, put before line z above it; nothing where that cannot be. */
  *#lift(batch: PastBatch, y: number, z: number): Generator<Order> {
    const { thread, block } = batch.work.actions;
    const { time } = batch.work.batch;
    const own = thread[y]!;
    if (thread[z] === own || Math.abs(time[y]! - time[z]!) > REORDER_WINDOW_MICROSECONDS) {
      return;
    }
    if (this.#isToldWithin(batch.first + z, batch.first + y)) {
      return;
    }
    const lifted: number[] = [];
    const passed: number[] = [];
    for (let k = z; k <= y; k++) {
      if (thread[k] !== own) {
        passed.push(k);
      }
      // What is done to one block is done in this order.
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
    yield { what: "order", batch, from: z, lines };
  }

  /** True if something is told between two events behind `above` and up to `below`. */
  #isToldWithin(above: number, below: number): boolean {
    return this.#past.insertions.some(({ before }) => before > above && before <= below);
  }

  /** The arenas whose heaps hold the pointers of line i. */
  #arenasOf({ batch }: PastBatch["work"], i: number): number[] {
    const { model } = this.#run;
    return [batch.pointerIn[i]!, batch.pointerOut[i]!].flatMap((pointer) => {
      const heap = pointer === 0 ? -1 : this.#judge.placeOf(model, pointer, 0).heap;
      return heap < 0 ? [] : [model.heaps[heap]!.arena.id];
    });
  }
}
