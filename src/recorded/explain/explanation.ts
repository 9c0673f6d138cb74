import type { Exit, SuggestedExit } from "../../replay/insertions.ts";
import type { KeptWork } from "../../replay/peak/kept-works.ts";
import type { Work } from "../../replay/work.ts";
import type { BatchBeginning } from "../guided-replay.ts";

/** A batch of the past; its first event has number `first`. */
export interface PastBatch {
  work: Work;
  kept: KeptWork;
  readonly first: number;
  /** `work` belongs to this past alone: its lines may be reordered for good */
  isOwn: boolean;
  readonly begin: BatchBeginning;
}

/** Lines `from`, `from` + 1, … of a batch in another order: `lines[n]` is the n-th of them, counted from `from`. */
export interface Order {
  readonly kind: "order";
  readonly batch: PastBatch;
  readonly from: number;
  readonly lines: readonly number[];
}

/** An exit takes effect only before event `before`, after calls of other threads. */
export interface Postponed {
  readonly kind: "postponed";
  readonly exit: Exit | SuggestedExit;
  readonly before: number;
}

/** A course of events that differs from the log. */
export type Explanation = Exit | Order | Postponed;

/** What a trial that is to explain event `mismatch` (0-based) must achieve. */
export interface Bounds {
  readonly mismatch: number;
  /** mismatches allowed up to and including that event */
  readonly allowed: number;
  /** events after it that must match */
  readonly mustHold: number;
  /** the outcome to improve on */
  readonly best: Outcome;
}

/** How a replay goes on after the event to explain. */
export interface Outcome {
  /** number (1-based) of the next mismatch; Infinity if there is none */
  readonly next: number;
  /** mismatches in all */
  readonly mismatches: number;
}
