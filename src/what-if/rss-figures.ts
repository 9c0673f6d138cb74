import { bitOf } from "../ptmalloc/resident.ts";
import type { ScenarioRun } from "../replay/scenario-run.ts";
import type { ByPlane, Reading } from "../replay/writes/reading.ts";
import type { RssFigures } from "../report/report.ts";

/** The replays of a scenario. */
export interface Replays {
  /** the likeliest */
  readonly run: ScenarioRun;
  /** the same where other locks were held */
  readonly contended: readonly ScenarioRun[];
  /** the same if other threads had ended by the log's end; null where all is known of them */
  readonly otherwise: ScenarioRun | null;
}

export function allOf({ run, contended, otherwise }: Replays): ScenarioRun[] {
  return otherwise === null ? [run, ...contended] : [run, ...contended, otherwise];
}

/**
 * RSS of a scenario: that of its likeliest replay, and the least and the most that it and the others come to under
 * policies as sensible. The time of the peak is in µs on the log's clock, NaN when unknown.
 */
export function rssFigures(replays: Replays, reading: Reading): RssFigures & { peakTime: number } {
  const { run, contended, otherwise } = replays;
  const ends = allOf(replays).map(pagesAtEnd);
  const peaks = allOf(replays).map(peakPages);
  const end = pagesAtEnd(run);
  const [low, high] = range(ends, reading);
  const [peakLow, peakHigh] = range(peaks, reading);
  const atEnd = [run, ...contended].map((one) => reading.bytes(pagesAtEnd(one)));
  const endBytes = reading.bytes(end);
  return {
    endBytes,
    peakBytes: reading.bytes(peakPages(run)),
    peakTime: run.peakTimes[bitOf(reading.plane)]!,
    endBytesTouchNone: reading.noneBytes(end),
    endBytesTouchAll: reading.allBytes(end),
    lowBytes: low,
    highBytes: high,
    peakLowBytes: peakLow,
    peakHighBytes: peakHigh,
    spread: {
      touchBytes: reading.highBytes(end) - reading.lowBytes(end),
      arenasBytes: Math.max(...atEnd) - Math.min(...atEnd),
      exitsBytes:
        otherwise === null ? 0 : Math.abs(reading.bytes(pagesAtEnd(otherwise)) - endBytes),
    },
    contendedRuns: contended.length,
  };
}

/** RSS in bytes at each point of the timeline. */
export function rssSeries({ pages }: ScenarioRun, reading: Reading): number[] {
  const series = pages.map((one) => one.points());
  return series[0]!.map((_, point) => reading.bytes(series.map((points) => points[point]!)));
}

function pagesAtEnd({ model }: ScenarioRun): ByPlane {
  return model.resident.pages;
}

/** Pages at the peak of each plane; what a trim at the end leaves is no part of the series. */
function peakPages({ pages, model }: ScenarioRun): number[] {
  return pages.map((series, bit) => Math.max(series.peak, model.resident.pages[bit]!));
}

function range(all: readonly ByPlane[], reading: Reading): [low: number, high: number] {
  return [
    Math.min(...all.map((pages) => reading.lowBytes(pages))),
    Math.max(...all.map((pages) => reading.highBytes(pages))),
  ];
}
