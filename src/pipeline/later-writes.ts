import type { Insertion, Writes } from "../replay/insertions.ts";
import type { Replay } from "../replay/replay.ts";
import { type ActionBatch, LOST_FREE } from "../trace/actions.ts";
import type { MomentEvent } from "../trace/moment.ts";

/**
 * What a log with lines of holes states after a moment of the blocks that are live then: the bytes that were written of a
 * block become known at its free or realloc, at an RSS sample, or at the log's end. Most programs write a block soon after
 * they allocate it, so that the next statement holds for the moment, too.
 */
export class LaterWrites {
  #moment: MomentEvent | null = null;
  /** the first statement after the moment, by block id */
  readonly #writes = new Map<number, Writes>();
  /** by block id: 1 once it was stated, or is another block */
  #isKnown = new Uint8Array(1024);

  /**
   * Takes the next batch, whose first event has number `first`, with what its comments state. `found`: the last event up to
   * the moment so far.
   */
  take(found: MomentEvent | null, { first, length, actions, logged }: StatedBatch): void {
    if (found === null) {
      return;
    }
    if (found.event !== this.#moment?.event) {
      this.#moment = found;
      this.#writes.clear();
      this.#isKnown.fill(0);
    }
    let next = 0;
    for (let i = Math.max(0, found.event + 1 - first); i < length; i++) {
      next = this.#learnUntil(logged, next, first + i, found.event);
      if (actions.block[i]! >= 0) {
        this.#close(actions.block[i]!);
      }
      if (actions.action[i]! >= LOST_FREE) {
        this.#close(actions.lost[i]!);
      }
    }
    this.#learnUntil(logged, next, first + length, found.event);
  }

  /** The log ends: `logged` is stated there. */
  finish(logged: readonly Insertion[]): void {
    if (this.#moment !== null) {
      this.#learnUntil(logged, 0, Number.POSITIVE_INFINITY, this.#moment.event);
    }
  }

  /** Makes the run at the moment one whose program has written what the log states later. */
  apply(replay: Replay): void {
    for (const { block, written, unwritten } of this.#writes.values()) {
      replay.learn(block, written, unwritten);
    }
  }

  /** Notes the statements from index `next` on up to event `end`, unless they come before the moment. Returns the next one. */
  #learnUntil(logged: readonly Insertion[], next: number, end: number, moment: number): number {
    let at = next;
    for (; at < logged.length && logged[at]!.before <= end; at++) {
      const one = logged[at]!;
      if (one.kind === "writes" && one.before > moment && this.#isKnown[one.block] !== 1) {
        this.#writes.set(one.block, one);
        this.#close(one.block);
      }
    }
    return at;
  }

  #close(block: number): void {
    if (block >= this.#isKnown.length) {
      const grown = new Uint8Array(Math.max(block + 1, this.#isKnown.length * 2));
      grown.set(this.#isKnown);
      this.#isKnown = grown;
    }
    this.#isKnown[block] = 1;
  }
}

export interface StatedBatch {
  /** number of the first event */
  readonly first: number;
  /** events */
  readonly length: number;
  readonly actions: Pick<ActionBatch, "action" | "block" | "lost">;
  /** in order */
  readonly logged: readonly Insertion[];
}
