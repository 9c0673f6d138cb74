import type { Insertion } from "../replay/insertions.ts";
import { gatherWork, newWork, type Work } from "../replay/work.ts";
import { LOST_FREE } from "../trace/actions.ts";
import { EVENTS_PER_BATCH } from "../trace/columns.ts";
import { numberFor } from "./contention.ts";

/** By so many calls a thread may lag behind its place in the log. */
const MOST_LAG = Number(process.env.LAG ?? 1024);

/** A batch in another order, and what happens between its calls. */
export interface Interleaved {
  readonly work: Work;
  readonly insertions: readonly Insertion[];
}

/**
 * The calls of a log in an order that another run might have had: in each batch, some threads lag behind others, by as many
 * calls as the seed decides. Each thread's calls keep their order, and so do those that concern one block: it is freed after
 * it is allocated. No call leaves its batch.
 */
export class Interleaving {
  readonly #seed: number;
  readonly #threads = new Places();
  readonly #blocks = new Places();
  readonly #steps = new Steps();
  readonly #work = newWork();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Returns the batch, whose first event has number `first`, in another order; valid until the next call. */
  of(work: Work, first: number, insertions: readonly Insertion[]): Interleaved {
    const steps = this.#steps;
    steps.clear();
    this.#threads.clear();
    this.#blocks.clear();
    const { length } = work.batch;
    let next = 0;
    for (let i = 0; i <= length; i++) {
      for (; next < insertions.length && insertions[next]!.before - first <= i; next++) {
        steps.add(this.#placeOfInsertion(insertions[next]!, Math.min(i, length)));
      }
      if (i < length) {
        steps.add(this.#placeOf(work, i, first));
      }
    }
    return this.#sorted(work, first, insertions);
  }

  #placeOf({ actions }: Work, i: number, first: number): number {
    const thread = actions.thread[i]!;
    const block = actions.block[i]!;
    const lost = actions.action[i]! >= LOST_FREE ? actions.lost[i]! : -1;
    const lag = numberFor(this.#seed, thread, Math.floor(first / EVENTS_PER_BATCH)) % MOST_LAG;
    const place = Math.max(
      i + lag,
      this.#threads.of(thread),
      block < 0 ? 0 : this.#blocks.of(block),
      lost < 0 ? 0 : this.#blocks.of(lost),
    );
    this.#threads.set(thread, place);
    if (block >= 0) {
      this.#blocks.set(block, place);
    }
    if (lost >= 0) {
      this.#blocks.set(lost, place);
    }
    return place;
  }

  /** A thread's end keeps its place among the thread's calls, and what is said of a block among the block's. */
  #placeOfInsertion(insertion: Insertion, at: number): number {
    switch (insertion.kind) {
      case "exit":
      case "suggestedExit":
      case "lateExits":
      case "comingPointer": {
        const place = Math.max(at, this.#threads.of(insertion.thread));
        this.#threads.set(insertion.thread, place);
        return place;
      }
      case "writes":
      case "mappingEnd": {
        const place = Math.max(at, this.#blocks.of(insertion.block));
        this.#blocks.set(insertion.block, place);
        return place;
      }
      case "probe":
      case "sbrk":
        return at;
      default:
        throw new TypeError(`unknown insertion: ${JSON.stringify(insertion satisfies never)}`);
    }
  }

  #sorted(work: Work, first: number, insertions: readonly Insertion[]): Interleaved {
    const { length } = work.batch;
    const rows: number[] = [];
    const moved: Insertion[] = [];
    // Which steps are insertions: those in the log's order up to an event come before it.
    const kinds = kindsOfSteps(length, first, insertions);
    for (const step of this.#steps.sorted()) {
      const kind = kinds[step]!;
      if (kind >= 0) {
        rows.push(kind);
      } else {
        moved.push({ ...insertions[-1 - kind]!, before: first + rows.length });
      }
    }
    gatherWork(this.#work, work, rows);
    return { work: this.#work, insertions: moved };
  }
}

/** For each step the row of its event, or −1 − the index of its insertion. */
function kindsOfSteps(length: number, first: number, insertions: readonly Insertion[]): number[] {
  const kinds: number[] = [];
  let next = 0;
  for (let i = 0; i <= length; i++) {
    for (; next < insertions.length && insertions[next]!.before - first <= i; next++) {
      kinds.push(-1 - next);
    }
    if (i < length) {
      kinds.push(i);
    }
  }
  return kinds;
}

/** The place of the latest step of each thread, or of each block. */
class Places {
  #places = new Int32Array(1024);
  #used: number[] = [];

  of(id: number): number {
    return id < this.#places.length ? this.#places[id]! : 0;
  }

  set(id: number, place: number): void {
    if (id >= this.#places.length) {
      const grown = new Int32Array(2 * id);
      grown.set(this.#places);
      this.#places = grown;
    }
    this.#used.push(id);
    this.#places[id] = place;
  }

  clear(): void {
    for (const id of this.#used) {
      this.#places[id] = 0;
    }
    this.#used.length = 0;
  }
}

/** Steps in the log's order with their places in the other one. */
class Steps {
  readonly #places: number[] = [];

  add(place: number): void {
    this.#places.push(place);
  }

  clear(): void {
    this.#places.length = 0;
  }

  /** The steps in the order of their places; those of one place in the log's order. */
  sorted(): number[] {
    const places = this.#places;
    return places.map((_, step) => step).sort((a, b) => places[a]! - places[b]! || a - b);
  }
}
