import type { MomentEvent } from "../../trace/moment.ts";
import { type Insertion, replayUntil } from "../insertions.ts";
import type { Replay } from "../replay.ts";
import type { RssRecord } from "../rss-record.ts";
import type { KeptWork } from "./kept-works.ts";

/** A batch that a run has made, or the log's end: all that is needed to make it again. */
export interface PastStep<R> {
  /** number of the batch's first event */
  readonly first: number;
  /** null at the log's end */
  readonly kept: KeptWork | null;
  readonly insertions: readonly Insertion[];
  /** Does what comes before the first event. */
  readonly begin: (run: R) => void;
}

/** A step, or what is left of it. */
export interface LeftStep<R> extends PastStep<R> {
  /** number of the first event that is left; the insertions before it have been made. null: the whole step is left */
  readonly from: number | null;
}

/** A state, and the steps from it on. */
export interface Stretch<R> {
  readonly start: R;
  /** number of the first event after `start` */
  readonly at: number;
  /** number of the first event after it; Infinity while it goes on */
  end: number;
  steps: LeftStep<R>[];
  /** another past has the same start */
  isShared: boolean;
}

/** Makes the steps in `run`, which has this replay, until event `end` is to come, and the program's write of the last call. */
export function makeSteps<R>(
  steps: readonly LeftStep<R>[],
  run: R,
  replay: Replay,
  end: number,
): void {
  for (const { first, kept, insertions, begin, from } of steps) {
    if (first > end) {
      break;
    }
    const left = insertions.filter(({ before }) => from === null || before > from);
    if (from === null) {
      begin(run);
    }
    if (kept !== null) {
      replayUntil(replay, kept.work, first, left, end, (from ?? first) - first);
    }
  }
  replay.settle();
}

/** RSS counts at the end of an event: when the next one begins, in whose stretch the peak lies. */
export function endOfPeak({ pages }: RssRecord, bit: number): number {
  return pages[bit]!.peakEvent + 1;
}

export function isWithin<R>({ event }: MomentEvent, { at, end }: Stretch<R>): boolean {
  return event >= at && event < end;
}

export function hasPeakIn<R>({ at, end }: Stretch<R>, rss: RssRecord, bit: number): boolean {
  const event = endOfPeak(rss, bit);
  return event >= at && event < end;
}

/** Returns the stretch for another past. */
export function shared<R>(stretch: Stretch<R>): Stretch<R> {
  stretch.isShared = true;
  for (const { kept } of stretch.steps) {
    kept?.keep();
  }
  return { ...stretch, steps: [...stretch.steps] };
}

export function release<R>(steps: readonly PastStep<R>[]): void {
  for (const { kept } of steps) {
    kept?.release();
  }
}
