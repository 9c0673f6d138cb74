import { isWorthwhile } from "../insight/cures/worthwhile.ts";
import {
  END_DEVIATION,
  PEAK_DEVIATION,
  predictionInterval,
} from "../insight/evidence/prediction-interval.ts";
import { bitOf } from "../ptmalloc/resident.ts";
import type { Replay } from "../replay/replay.ts";
import type { ByPlane, Reading } from "../replay/writes/reading.ts";
import type { RssFigures } from "../report/contract/report.ts";

/** The replays of a scenario. */
export interface Replays {
  readonly likeliest: Replay;
  /** the same calls in other orders and with other locks held; none if no thread had to share an arena */
  readonly contended: readonly Replay[];
  /** the same under the opposite assumption about uncertain exits; null where all are certain */
  readonly otherwise: Replay | null;
  /**
   * Returns the likeliest replay as it was when RSS, read so, was highest; null if that is unknown. It must not be
   * changed. Before trims at the end it may be the replay itself.
   */
  atPeak(reading: Reading): Replay | null;
}

export function allOf({ likeliest, contended, otherwise }: Replays): Replay[] {
  const certain = [likeliest, ...contended];
  return otherwise === null ? certain : [...certain, otherwise];
}

/**
 * Returns the RSS of a scenario's likeliest replay, and a range: that of all its replays under equally plausible touch policies,
 * and wherever threads may meet otherwise also that of nine further runs in ten. `atPeak`: RSS of the likeliest replay at its
 * peak, null if its state is unknown. The time of the peak is in µs on the log's clock, NaN when unknown.
 */
export function rssFigures(
  replays: Replays,
  atPeak: number | null,
  reading: Reading,
): RssFigures & { peakTime: number } {
  const { likeliest, contended, otherwise } = replays;
  const end = pagesAtEnd(likeliest);
  const [peakLow, peakHigh] = range(replays, peakPages, reading, PEAK_DEVIATION);
  const [low, high] = range(replays, pagesAtEnd, reading, END_DEVIATION);
  const endBytes = reading.bytes(end);
  // Read between two planes, whose peaks may be at different events, RSS never is as high as both peaks suggest.
  const peakBytes = Math.max(endBytes, atPeak ?? reading.bytes(peakPages(likeliest)));
  const [fewest, most] = ofFurtherRuns(
    [likeliest, ...contended].map((one) => reading.bytes(pagesAtEnd(one))),
    END_DEVIATION,
  );
  return {
    endBytes,
    peakBytes,
    peakTime: likeliest.rss.peakTimes[bitOf(reading.plane)]!,
    peakEvents: likeliest.rss.pages[bitOf(reading.plane)]!.peakEvent + 1,
    endBytesTouchNone: reading.noneBytes(end),
    endBytesTouchAll: reading.allBytes(end),
    lowBytes: low,
    // No run ends above its peak.
    highBytes: Math.min(high, peakHigh),
    peakLowBytes: Math.min(peakLow, peakBytes),
    peakHighBytes: peakHigh,
    spread: {
      touchBytes: reading.highBytes(end) - reading.lowBytes(end),
      arenasBytes: Math.min(most, peakHigh) - fewest,
      exitsBytes:
        otherwise === null ? 0 : Math.abs(reading.bytes(pagesAtEnd(otherwise)) - endBytes),
    },
    contendedRuns: contended.length,
    otherOrders: contended.map((one) => rssBytes(one, reading)),
  };
}

/** Heap RSS in bytes, at the log's end and at its highest. */
export interface RssBytes {
  readonly endBytes: number;
  readonly peakBytes: number;
}

/** True if a trial lowers RSS enough to be reported, or if that is unknown. */
export function helps(trial: RssBytes, recorded: RssBytes | null): boolean {
  return (
    recorded === null ||
    isWorthwhile(recorded.endBytes - trial.endBytes, recorded.endBytes) ||
    isWorthwhile(recorded.peakBytes - trial.peakBytes, recorded.peakBytes)
  );
}

/** Returns the RSS of a replay before a trim at the end. */
export function rssBytes(replay: Replay, reading: Reading): RssBytes {
  return {
    endBytes: reading.bytes(pagesAtEnd(replay)),
    peakBytes: reading.bytes(peakPages(replay)),
  };
}

/** Returns the RSS in bytes at each point of the timeline. */
export function rssSeries({ rss: { pages } }: Replay, reading: Reading): number[] {
  const series = pages.map((one) => one.points());
  return series[0]!.map((_, point) => reading.bytes(series.map((points) => points[point]!)));
}

function pagesAtEnd({ model }: Replay): ByPlane {
  return model.resident.pages;
}

/** Returns the pages at the peak of each plane. A trim at the end comes after the series. */
function peakPages({ rss: { pages }, model }: Replay): number[] {
  return pages.map((series, bit) => Math.max(series.peak, model.resident.pages[bit]!));
}

function range(
  replays: Replays,
  pagesOf: (replay: Replay) => ByPlane,
  reading: Reading,
  deviation: number,
): [low: number, high: number] {
  const { likeliest, contended } = replays;
  const all = allOf(replays).map(pagesOf);
  const orders = [likeliest, ...contended].map(pagesOf);
  const [low] = ofFurtherRuns(
    orders.map((pages) => reading.lowBytes(pages)),
    deviation,
  );
  const [, high] = ofFurtherRuns(
    orders.map((pages) => reading.highBytes(pages)),
    deviation,
  );
  return [
    Math.min(low, ...all.map((pages) => reading.lowBytes(pages))),
    Math.max(high, ...all.map((pages) => reading.highBytes(pages))),
  ];
}

/** Returns the range of further runs, given the figures of all orders: one order means that threads do not meet otherwise. */
function ofFurtherRuns(orders: readonly number[], deviation: number): [low: number, high: number] {
  const [only] = orders;
  return orders.length === 1 && only !== undefined
    ? [only, only]
    : predictionInterval(orders, deviation);
}
