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
  /** What it watches for in the events that follow. */
  watched(): Watched;
  /** Takes over the pointers that the core has compared since it was called last. */
  collect(): void;
  /** Runs before event `i`, before the program's pending write is applied, if it is watched for. The replay may be forked here. */
  beforeEvent(work: Work, i: number): void;
  /** Runs right before the model makes the call of event `i`, if it is watched for, or an alignment may show something. */
  beforeCall(work: Work, i: number): void;
  /** Event `i` has no effect in the ledger: it may free a block that was allocated outside the log. */
  freeUnlogged(work: Work, i: number): void;
  /**
   * Returns the chunk of the block that event `i` returned: `c`, or the one at the log's pointer. 0 is NULL. Not called if the
   * core finds the two equal.
   */
  place(c: number, work: Work, i: number): number;
  /** `Watched.pointEnd` events are complete, with the program's writes. */
  closePoint(): void;
}

/** Steps for which a guide is called. */
export interface Watched {
  /** before reallocs and aligned allocations, which sibling versions may treat differently */
  readonly siblings: boolean;
  /** before events that return a pointer above the break */
  readonly aboveBreak: boolean;
  /** the log's pointers have 32 bits only */
  readonly cutPointers: boolean;
  /** before each call */
  readonly calls: boolean;
  /** before each free */
  readonly frees: boolean;
  /** number of events after which a point of the series by arena ends; −1: there is no such series */
  readonly pointEnd: number;
}
