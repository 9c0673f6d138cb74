import type { Insertion } from "../replay/insertions.ts";
import { newWork, type Work } from "../replay/work.ts";
import { MODULE_ROWS } from "../trace/columns.ts";
import type { OrderCore } from "./order-core.ts";

/** How far the threads of a run may be from where the log has them. */
export interface Drift {
  /** decides which thread lags, and when */
  readonly seed: number;
  /** events of the log by which a call comes later, at most */
  readonly events: number;
  /** µs of log time by which a call comes later, at most, where the log has times */
  readonly time: number;
}

/** Part of a log in another order, and what happens between its calls. */
export interface Reordered {
  readonly work: Work;
  /** number of its first event in the new order */
  readonly first: number;
  readonly insertions: readonly Insertion[];
}

/**
 * The calls of a log in an order that another run might have had: each thread lags behind its places in the log, by as many
 * events as the seed decides, and by others in the next stretch of the log. Each thread's calls keep their order, and so do those
 * that concern one block: it is moved or freed after it is allocated. A thread's first call comes after all that the log has
 * before it, because any of that may be why the thread was started; so does the first one after its end, of another with its tid.
 *
 * A call waits in a window of the log that is as long as the longest lag: memory does not depend on the log's length. The core
 * (core/orders.ts) gives the events their places; what happens between them waits here.
 */
export class ThreadDrift {
  readonly #core: OrderCore;
  /** address */
  readonly #drift: number;
  /** batches that may be filled again */
  readonly #unused: Work[];
  /** number of the order's first event: what comes before is the log's */
  readonly #start: number;
  readonly #waiting: (Insertion | null)[] = [];
  readonly #unusedNotes: number[] = [];
  /** number of the first event of the output */
  #first: number;
  #insertions: Insertion[] = [];
  #left: Reordered[] = [];

  /** The order begins with event number `first`. Blocks that live then have ids below `ids`. */
  constructor(core: OrderCore, drift: Drift, first: number, ids: number, unused: Work[]) {
    this.#core = core;
    this.#drift = core.calls.begin(drift.seed, drift.events, drift.time, first, ids);
    this.#unused = unused;
    this.#start = first;
    this.#first = first;
  }

  /** Takes the batch that the core has loaded, whose first event has number `first`. Returns what leaves the window then. */
  add(first: number, insertions: readonly Insertion[]): Reordered[] {
    const { length } = this.#core;
    this.#core.run(this, (calls) => {
      let from = Math.max(0, this.#start - first);
      for (const insertion of insertions.filter(({ before }) => before > this.#start)) {
        const to = Math.min(Math.max(from, insertion.before - first), length);
        calls.addEvents(this.#drift, from, to, first);
        this.#addInsertion(insertion, first + to);
        from = to;
      }
      calls.addEvents(this.#drift, from, length, first);
      calls.flush();
    });
    return this.#taken();
  }

  /** The log ends, with its last insertions. Returns what has waited. */
  end(insertions: readonly Insertion[]): Reordered[] {
    this.#core.run(this, (calls) => {
      calls.leaveAll(this.#drift);
      calls.flush();
    });
    const left = this.#taken();
    const before = this.#first;
    const last = insertions.map((insertion) => ({ ...this.#renamed(insertion), before }));
    return last.length === 0
      ? left
      : [...left, { work: this.#emptyWork(), first: before, insertions: last }];
  }

  /** A thread's end comes after its calls, and what is said of a block after the calls before that concern the block. */
  #addInsertion(insertion: Insertion, event: number): void {
    const { calls } = this.#core;
    const note = this.#unusedNotes.pop() ?? this.#waiting.length;
    this.#waiting[note] = this.#renamed(insertion);
    switch (insertion.kind) {
      case "exit":
      case "suggestedExit":
        calls.addThreadEnd(this.#drift, note, insertion.thread, event);
        break;
      case "writes":
      case "mappingEnd":
        calls.addBlockNote(this.#drift, note, insertion.block);
        break;
      case "lateExits":
      case "comingPointer":
      case "probe":
      case "sbrk":
        calls.addNote(this.#drift, note, event);
        break;
      default:
        throw new TypeError(`unknown insertion: ${JSON.stringify(insertion satisfies never)}`);
    }
  }

  #renamed(insertion: Insertion): Insertion {
    return insertion.kind === "writes" || insertion.kind === "mappingEnd"
      ? { ...insertion, block: this.#core.calls.nameOf(this.#drift, insertion.block) }
      : insertion;
  }

  /** The first rows of the core's output are the next of the order. */
  filled(length: number): void {
    if (length === 0 && this.#insertions.length === 0) {
      return;
    }
    const work = this.#emptyWork();
    this.#core.save(work, length);
    this.#left.push({ work, first: this.#first, insertions: this.#insertions });
    this.#first += length;
    this.#insertions = [];
  }

  /** What was given the number `note` comes before a row of the core's output. */
  noted(note: number, row: number): void {
    const insertion = this.#waiting[note];
    if (insertion) {
      this.#insertions.push({ ...insertion, before: this.#first + row });
    }
    this.#waiting[note] = null;
    this.#unusedNotes.push(note);
  }

  #emptyWork(): Work {
    const work = this.#unused.pop() ?? newWork(ArrayBuffer, MODULE_ROWS);
    work.batch.length = 0;
    return work;
  }

  #taken(): Reordered[] {
    const left = this.#left;
    this.#left = [];
    return left;
  }
}
