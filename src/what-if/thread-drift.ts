import type { Insertion } from "../replay/insertions.ts";
import type { Work } from "../replay/work.ts";
import { Action, LOST_FREE, withoutLostFree } from "../trace/actions.ts";
import { BlockNames } from "./block-names.ts";
import { LastPlaces } from "./last-places.ts";
import { randomPart } from "./random-part.ts";
import { type Reordered, ReorderedWorks } from "./reordered-works.ts";
import { WaitingEvents } from "./waiting-events.ts";

/** How far the threads of a run may be from where the log has them. */
export interface Drift {
  /** decides which thread lags, and when */
  readonly seed: number;
  /** events of the log by which a call comes later, at most */
  readonly events: number;
  /** µs of log time by which a call comes later, at most, where the log has times */
  readonly time: number;
}

/**
 * The calls of a log in an order that another run might have had: each thread lags behind its places in the log, by as many
 * events as the seed decides, and by others in the next stretch of the log. Each thread's calls keep their order, and so do those
 * that concern one block: it is moved or freed after it is allocated. A thread's first call comes after all that the log has
 * before it, because any of that may be why the thread was started.
 *
 * A call waits in a window of the log that is as long as the longest lag: memory does not depend on the log's length.
 */
export class ThreadDrift {
  readonly #drift: Drift;
  readonly #waiting: WaitingEvents<Insertion>;
  readonly #threads = new LastPlaces();
  readonly #blocks = new LastPlaces();
  readonly #names: BlockNames;
  /** by thread: its lag in events, and the stretch of the log that has this lag */
  readonly #lags: number[] = [];
  readonly #stretches: number[] = [];
  /** the latest place of all */
  #latest = 0;
  readonly #out: ReorderedWorks;
  /** µs on the log's clock at which events leave */
  #time = Number.NaN;

  /** The order begins with event number `first`. Blocks that live then have ids below `ids`. */
  constructor(drift: Drift, first: number, ids: number, unused: Work[]) {
    this.#drift = drift;
    this.#waiting = new WaitingEvents(drift.events, first);
    this.#names = new BlockNames(ids);
    this.#out = new ReorderedWorks(this.#waiting.work, first, unused);
  }

  /** Takes the next batch, whose first event has number `first`. Returns what leaves the window then. */
  add(work: Work, first: number, insertions: readonly Insertion[]): Reordered[] {
    const { length, time } = work.batch;
    const waiting = this.#waiting;
    waiting.copy(work, first);
    let next = 0;
    for (let i = 0; i < length; i++) {
      const event = first + i;
      while (next < insertions.length && insertions[next]!.before <= event) {
        this.#addInsertion(insertions[next++]!, event);
      }
      this.#leave(waiting.placeBefore(time[i]! - this.#drift.time));
      this.#time = time[i]!;
      this.#addEvent(event);
      this.#leave(event);
    }
    while (next < insertions.length) {
      this.#addInsertion(insertions[next++]!, first + length);
    }
    return this.#out.take();
  }

  /** The log ends, with its last insertions. Returns what has waited. */
  end(insertions: readonly Insertion[]): Reordered[] {
    this.#leave(this.#latest);
    for (const insertion of insertions) {
      this.#out.addInsertion(this.#renamed(insertion));
    }
    return this.#out.take();
  }

  #addEvent(event: number): void {
    const waiting = this.#waiting;
    const { action: actions, thread: threads, block: blocks, lost } = waiting.work.actions;
    const slot = waiting.slotOf(event);
    const thread = threads[slot]!;
    const action = actions[slot]!;
    const before = this.#threads.of(thread);
    let place = Math.max(event + this.#lagOf(thread, event), before === 0 ? this.#latest : before);
    let freed = -1;
    if (action >= LOST_FREE) {
      freed = this.#names.of(lost[slot]!);
      lost[slot] = freed;
      place = Math.max(place, this.#blocks.of(freed));
    }
    let block = blocks[slot]!;
    if (block >= 0) {
      if (isNew(action)) {
        block = this.#names.give(block);
      } else {
        block = this.#names.of(block);
        place = Math.max(place, this.#blocks.of(block));
      }
      blocks[slot] = block;
    }
    place = waiting.addEvent(event, place);
    this.#threads.set(thread, place);
    this.#latest = Math.max(this.#latest, place);
    if (block >= 0) {
      this.#blocks.set(block, place);
    }
    if (freed >= 0) {
      this.#blocks.set(freed, place);
    }
  }

  /** A thread's end comes after its calls, and what is said of a block after the calls before that concern the block. */
  #addInsertion(insertion: Insertion, event: number): void {
    let place = event;
    switch (insertion.kind) {
      case "exit":
      case "suggestedExit": {
        const { thread } = insertion;
        place = Math.max(event + this.#lagOf(thread, event), this.#threads.of(thread));
        place = this.#waiting.addNote(insertion, place);
        this.#threads.set(thread, place);
        break;
      }
      case "writes":
      case "mappingEnd": {
        const block = this.#names.of(insertion.block);
        place = this.#waiting.addNote({ ...insertion, block }, this.#blocks.of(block));
        this.#blocks.set(block, place);
        break;
      }
      case "lateExits":
      case "comingPointer":
      case "probe":
      case "sbrk":
        place = this.#waiting.addNote(insertion, event);
        break;
      default:
        throw new TypeError(`unknown insertion: ${JSON.stringify(insertion satisfies never)}`);
    }
    this.#latest = Math.max(this.#latest, place);
  }

  #renamed(insertion: Insertion): Insertion {
    return insertion.kind === "writes" || insertion.kind === "mappingEnd"
      ? { ...insertion, block: this.#names.of(insertion.block) }
      : insertion;
  }

  /** Returns the lag of a thread where the log has event number `event`, in events. */
  #lagOf(thread: number, event: number): number {
    const { seed, events } = this.#drift;
    const stretch = Math.floor(event / events);
    if (this.#stretches[thread] !== stretch) {
      this.#stretches[thread] = stretch;
      this.#lags[thread] = Math.floor(randomPart(seed, thread, stretch) * events);
    }
    return this.#lags[thread]!;
  }

  #leave(place: number): void {
    this.#waiting.leave(place, this);
  }

  event(slot: number): void {
    const { action, lost, block } = this.#waiting.work.actions;
    this.#out.addRow(slot, this.#time);
    const one = action[slot]!;
    if (one >= LOST_FREE) {
      this.#names.release(lost[slot]!);
    }
    if (one === Action.free || one === Action.freeAfterExit) {
      this.#names.release(block[slot]!);
    }
  }

  note(insertion: Insertion): void {
    this.#out.addInsertion(insertion);
  }
}

/** True for an action that returns a block that did not exist before. */
function isNew(action: number): boolean {
  const call = withoutLostFree(action);
  return call !== Action.realloc && call >= Action.malloc && call <= Action.pvalloc;
}
