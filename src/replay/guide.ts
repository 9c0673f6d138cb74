import type { Action } from "../trace/actions.ts";
import type { Work } from "./work.ts";

/**
 * Steers a replay by the log's pointers. The recorded run has a guide; a what-if has none, because the pointers in the
 * log are those of other settings. `i` is the index of an event in its batch, `event` its 0-based number in the log.
 */
export interface Guide {
  /** The first pointer that thread `thread`, a new one, is given is `pointer`. */
  expectPointer(thread: number, pointer: number): void;
  /** The mapping of mapped chunk `c` starts at `start`, its block at `pointer`. */
  showMappingStart(c: number, pointer: number, start: number): void;
  /** Runs before event `i`, before the program's pending write is applied. The replay may be forked here. */
  beforeEvent(work: Work, i: number): void;
  /** Runs right before the model makes the call of event `i`.  */
  beforeCall(work: Work, i: number, event: number, action: Action): void;
  /** Event `i` has no effect in the ledger: it may free a block that was allocated outside the log. */
  freeUnlogged(work: Work, i: number): void;
  /** Returns the chunk of the block that event `i` returned: `c`, or the one at the log's pointer. 0 is NULL. */
  place(c: number, work: Work, i: number, event: number): number;
  /** Event `event` and the program's writes after it are complete. */
  afterEvent(event: number): void;
  /** The log ends after event `event`. */
  finish(event: number): void;
}
