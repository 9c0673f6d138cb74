import type { AllocationFigures, Report } from "../contract/report.ts";
import { callerLabel } from "../wording/caller-label.ts";
import { exact } from "../wording/format.ts";
import { printable } from "../wording/printable.ts";

/** Who allocates, for the page's script: one array per column. Texts are already printable. */
export interface AllocationsData {
  readonly callers: AllocationRows;
  readonly sizes: AllocationRows;
  /** events of the log up to each point of `live` */
  readonly events: readonly number[];
  /** column and order of both tables at first */
  readonly sorted: AllocationNumber;
  readonly ascending: boolean;
}

export interface AllocationRows {
  /** a call site, or a size */
  readonly name: readonly string[];
  /** what it is sorted by: the name of a call site, the bytes of a size */
  readonly key: readonly (string | number)[];
  /** path of the module and of the source, for the filter; null if unknown */
  readonly path: readonly (string | null)[];
  readonly numbers: Readonly<Record<AllocationNumber, readonly number[]>>;
  /** in events; null if unknown */
  readonly life: readonly (number | null)[];
  /** live bytes at each of `events`; null for rows that have too little to be told apart in the timeline */
  readonly live: readonly (readonly number[] | null)[];
}

export type AllocationNumber = "volume" | "calls" | "live" | "atPeak" | "blocks" | "temporary";

/** Rows with a series, those that had most live: further ones would only make the page larger. */
const MOST_SERIES = 200;

export function allocationsData(
  { callers, sizes, timeline }: Report,
  { key, ascending }: { readonly key: string; readonly ascending: boolean },
): AllocationsData {
  return {
    callers: {
      ...rowsOf(callers),
      name: callers.map((row) => printable(callerLabel(row))),
      key: callers.map((row) => printable(callerLabel(row))),
      path: callers.map(({ caller, module, file }) => {
        const parts = [caller, module, file].filter((part) => part !== null);
        return parts.length === 0 ? null : printable(parts.join(" "));
      }),
      life: callers.map(({ medianLifetimeEvents }) => medianLifetimeEvents),
    },
    sizes: {
      ...rowsOf(sizes),
      name: sizes.map(({ size }) => (size === null ? "all others" : `${exact(size)} B`)),
      key: sizes.map(({ size }) => size ?? -1),
      path: sizes.map(({ size }) => (size === null ? null : String(size))),
      life: sizes.map(() => null),
    },
    events: timeline.siteEvents,
    sorted: SORTED[key] ?? "volume",
    ascending,
  };
}

/** By `--sort`; the table has no pinned bytes. */
const SORTED: Readonly<Record<string, AllocationNumber>> = {
  calls: "calls",
  live: "live",
  peak: "atPeak",
};

function rowsOf(rows: readonly AllocationFigures[]): Pick<AllocationRows, "numbers" | "live"> {
  const most = rows.map(({ liveTimeline }) => Math.max(0, ...liveTimeline));
  const least = [...most].sort((a, b) => b - a)[MOST_SERIES] ?? 0;
  return {
    numbers: {
      volume: rows.map(({ volumeBytes }) => volumeBytes),
      calls: rows.map(({ calls }) => calls),
      live: rows.map(({ liveBytes }) => liveBytes),
      atPeak: rows.map(({ liveAtPeakBytes }) => liveAtPeakBytes),
      blocks: rows.map(({ liveBlocks }) => liveBlocks),
      temporary: rows.map(({ temporaryCalls }) => temporaryCalls),
    },
    live: rows.map(({ liveTimeline }, i) => ((most[i] ?? 0) > least ? liveTimeline : null)),
  };
}
