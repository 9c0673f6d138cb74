import type { Insertion } from "../replay/insertions.ts";
import type { Work } from "../replay/work.ts";
import { OrderCore } from "./order-core.ts";
import type { Step } from "./step-facts.ts";
import { type Drift, type Reordered, ThreadDrift } from "./thread-drift.ts";

/**
 * The other orders: threads drift as far as what some do while others wait for a processor. More orders, or longer drifts, foretold
 * the measured runs of docs/numbers.md no better.
 */
export const DRIFTS: readonly Drift[] = [{ seed: 1, events: 4096, time: 100_000 }];

/** The other orders of a log from one batch on, which what-ifs share. */
export class OtherOrders {
  /** number of their first event */
  readonly first: number;
  readonly #core = new OrderCore();
  readonly #drifts: readonly ThreadDrift[];
  readonly #unused: Work[] = [];
  /** by number of a batch's first event in the log: what leaves each order with that batch */
  readonly #reordered = new Map<number, readonly Reordered[][]>();
  #end: readonly Reordered[][] | null = null;

  /** They begin with event number `first`. Blocks that live then have ids below `ids`. */
  constructor(first: number, ids: number) {
    this.first = first;
    this.#drifts = DRIFTS.map(
      (drift) => new ThreadDrift(this.#core, drift, first, ids, this.#unused),
    );
  }

  /** Returns, for each order, what comes next in it when the log comes to this step. */
  of({ work, inferences: { first, insertions } }: Step): readonly Reordered[][] {
    const known = this.#reordered.get(first);
    if (known !== undefined) {
      return known;
    }
    this.#core.load(work);
    const reordered = this.#drifts.map((drift) => drift.add(first, insertions));
    this.#reordered.set(first, reordered);
    return reordered;
  }

  /** Returns, for each order, what is left when the log ends with these insertions. */
  end(insertions: readonly Insertion[]): readonly Reordered[][] {
    this.#end ??= this.#drifts.map((drift) => drift.end(insertions));
    return this.#end;
  }

  /** All have replayed the steps so far. */
  release(): void {
    for (const order of [...this.#reordered.values()].flat()) {
      this.#unused.push(...order.map(({ work }) => work));
    }
    this.#reordered.clear();
  }
}
