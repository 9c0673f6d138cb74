import type { CallerChange } from "../diff/caller-changes.ts";
import type { Change } from "../diff/change.ts";
import { siteLabel } from "../diff/site-keys.ts";
import { type ThreadChange, threadsLabel } from "../diff/thread-changes.ts";
import type { BudgetResult } from "../report/contract/report.ts";
import type { KnownCaller, KnownReport, KnownThread } from "../report/read-report.ts";
import { capitalized, exact, percent, share, sizes } from "../report/wording/format.ts";

/** A figure of the process to which its threads and call sites contribute. */
export interface PartFigure {
  readonly name: string;
  readonly unit: "bytes" | "count";
  /** the threads' figures add up to that of the process */
  readonly addsUp: boolean;
  readonly ofThread: (thread: KnownThread) => number;
  readonly ofCaller: (row: KnownCaller) => number;
  /** null: threadChanges() does not have it */
  readonly threadChange: ((row: ThreadChange) => Change) | null;
  readonly callerChange: (row: CallerChange) => Change;
}

export const LIVE: PartFigure = {
  name: "live bytes",
  unit: "bytes",
  addsUp: true,
  ofThread: ({ liveBytes }) => liveBytes,
  ofCaller: ({ liveBytes }) => liveBytes,
  threadChange: ({ liveBytes }) => liveBytes,
  callerChange: ({ liveBytes }) => liveBytes,
};

/** Peaks of threads come at different times: they have no meaningful sum. */
export const PEAK_LIVE: PartFigure = {
  name: "live bytes at their peak",
  unit: "bytes",
  addsUp: false,
  ofThread: ({ peakLiveBytes }) => peakLiveBytes,
  ofCaller: ({ liveAtPeakBytes }) => liveAtPeakBytes,
  threadChange: null,
  callerChange: ({ liveAtPeakBytes }) => liveAtPeakBytes,
};

/** By the key's path in the report or in a thread. */
export const PART_FIGURES: Readonly<Record<string, PartFigure>> = {
  "live.bytes": LIVE,
  "live.blocks": {
    name: "live blocks",
    unit: "count",
    addsUp: true,
    ofThread: ({ liveBlocks }) => liveBlocks,
    ofCaller: ({ liveBlocks }) => liveBlocks,
    threadChange: ({ liveBlocks }) => liveBlocks,
    callerChange: ({ liveBlocks }) => liveBlocks,
  },
  "live.peakBytes": PEAK_LIVE,
  volumeBytes: {
    name: "requested bytes",
    unit: "bytes",
    addsUp: true,
    ofThread: ({ volumeBytes }) => volumeBytes,
    ofCaller: ({ volumeBytes }) => volumeBytes,
    threadChange: ({ volumeBytes }) => volumeBytes,
    callerChange: ({ volumeBytes }) => volumeBytes,
  },
  "calls.total": {
    name: "calls",
    unit: "count",
    addsUp: true,
    ofThread: ({ calls }) => calls.total,
    ofCaller: ({ calls }) => calls,
    threadChange: ({ calls }) => calls,
    callerChange: ({ calls }) => calls,
  },
};

/** The thread with the largest part of a figure that adds up; null if the log has one thread only. */
export function largestThread(
  { unit, ofThread }: PartFigure,
  { threads }: KnownReport,
): { readonly part: "most" | "largest"; readonly whose: string } | null {
  const first = threads.length < 2 ? null : largest(threads, ofThread);
  if (first === null) {
    return null;
  }
  const { tid, name } = first.item;
  const whose = `${threadsLabel({ tid, name, site: null })}: ${shown(unit, [first.value])[0]}`;
  const total = threads.reduce((sum, thread) => sum + ofThread(thread), 0);
  return {
    part: 2 * first.value > total ? "most" : "largest",
    whose: `${whose} (${share(first.value, total)})`,
  };
}

/** The thread that held most at a time of its own; null if the log has one thread only. */
export function heldAtPeak({ threads }: KnownReport): string | null {
  const first = threads.length < 2 ? null : largest(threads, PEAK_LIVE.ofThread);
  if (first === null) {
    return null;
  }
  const { tid, name } = first.item;
  const label = threadsLabel({ tid, name, site: null });
  return `${capitalized(label)} held up to ${shown("bytes", [first.value])[0]} at a time.`;
}

/** A call site with most of the figure, if the log tells which it is; null: none has. */
export function mostOfSite(
  { unit, ofCaller }: PartFigure,
  { callers }: KnownReport,
): string | null {
  const first = largest(callers, ofCaller);
  const total = callers.reduce((sum, row) => sum + ofCaller(row), 0);
  if (first === null || 2 * first.value <= total || !isTelling(first.item)) {
    return null;
  }
  return `call site ${siteLabel(first.item)}: ${shown(unit, [first.value])[0]} (${share(first.value, total)})`;
}

/** A bare address says nothing to people. */
function isTelling({ caller, module, symbol, merged }: KnownCaller): boolean {
  return (
    !merged && (symbol !== null || module !== null || (caller ?? "0x").startsWith("0x") === false)
  );
}

/** The first item with the largest value; null if no value is above 0. */
export function largest<T>(
  items: readonly T[],
  of: (item: T) => number,
): { readonly item: T; readonly value: number } | null {
  let best: { item: T; value: number } | null = null;
  for (const item of items) {
    const value = of(item);
    if (value > (best?.value ?? 0)) {
      best = { item, value };
    }
  }
  return best;
}

/** The values in one unit. */
export function shown(unit: BudgetResult["unit"], values: readonly number[]): string[] {
  switch (unit) {
    case "bytes":
      return sizes(values);
    case "ratio":
      return values.map(percent);
    case "count":
      return values.map(exact);
    default:
      return unit satisfies never;
  }
}
