import { bitOf } from "../../ptmalloc/resident.ts";
import type { GuidedReplay } from "../../recorded/guided-replay.ts";
import type { RecordedRun } from "../../recorded/recorded-run.ts";
import type { Reading } from "../../replay/writes/reading.ts";
import type { HeapState } from "../../report/contract/inspection.ts";
import type { Ledger } from "../../trace/ledger/ledger.ts";
import type { MomentSearch } from "../../trace/moment.ts";
import type { InspectOptions } from "../analysis-options.ts";
import { inspectHeap } from "./inspect-heap.ts";

/** What was found of the moment that was asked for. */
export interface InspectionResult {
  readonly search: MomentSearch;
  /** null: the log has no such moment, or the run cannot return to it */
  readonly state: InspectedState | null;
}

export interface InspectedState {
  /** events up to the moment */
  readonly events: number;
  /** line of the last one; null: unknown */
  readonly line: number | null;
  /** µs on the log's clock; NaN: unknown */
  readonly time: number;
  readonly heap: HeapState;
}

/** A run at a moment. It must not be changed. */
export type RunAt = Omit<InspectedState, "heap"> & { readonly guided: GuidedReplay };

/**
 * Returns the state of a run, which has ended, at a moment. Must be called before its peak is asked for, which forgets what
 * other moments need.
 */
export function inspect(
  run: RecordedRun,
  search: MomentSearch,
  options: InspectOptions,
  ledger: Ledger,
  reading: Reading,
): InspectionResult {
  const at = runAt(run, search, ledger, reading);
  if (at === null) {
    return { search, state: null };
  }
  const { guided, ...moment } = at;
  const heap = inspectHeap(guided, reading, options, (thread) => ledger.threads.tidOf(thread));
  return { search, state: { ...moment, heap } };
}

/** Returns a run, which has ended, as it was at a moment; null if the log has none, or the run cannot return to it. */
export function runAt(
  run: RecordedRun,
  { moment, found }: MomentSearch,
  ledger: Ledger,
  reading: Reading,
): RunAt | null {
  const { guided } = run;
  switch (moment.kind) {
    case "end":
      return { guided, events: ledger.events, line: null, time: ledger.clock.last };
    case "peak": {
      const { pages, peakTimes } = guided.replay.rss;
      const bit = bitOf(reading.plane);
      const atPeak = run.peak.atPeak(guided, reading.plane);
      const events = pages[bit]!.peakEvent + 1;
      return atPeak && { guided: atPeak, events, line: null, time: peakTimes[bit]! };
    }
    case "line":
    case "mark":
    case "time":
    case "clock": {
      const atMoment = found && run.peak.atMoment(guided, found);
      if (found === null || atMoment === null) {
        return null;
      }
      const { event: events } = atMoment.replay.state;
      return { guided: atMoment, events, line: found.line, time: found.time };
    }
  }
}
