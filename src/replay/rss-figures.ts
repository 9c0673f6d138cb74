import { bitOf } from "../ptmalloc/resident.ts";
import type { RssFigures } from "../report/report.ts";
import type { ByPlane, Reading } from "./reading.ts";
import type { ScenarioRun } from "./scenario-run.ts";

/**
 * RSS of a scenario: that of the first of `runs`, and the least and the most that it and the others, the same where
 * other locks were held, come to under policies as sensible. `seconds` turns the log's clock into that of the report.
 */
export function rssFigures(
  runs: readonly ScenarioRun[],
  reading: Reading,
  seconds: (time: number) => number | null,
): RssFigures {
  const [run] = runs;
  if (run === undefined) throw new Error("a scenario has a run");
  const ends = runs.map(({ model }) => model.resident.pages);
  const peaks = runs.map(peakPages);
  const end = ends[0]!;
  const [low, high] = range(ends, reading);
  const [peakLow, peakHigh] = range(peaks, reading);
  const atEnd = ends.map((pages) => reading.bytes(pages));
  return {
    endBytes: reading.bytes(end),
    peakBytes: reading.bytes(peaks[0]!),
    peakTime: seconds(run.peakTimes[bitOf(reading.plane)]!),
    endBytesTouchNone: reading.noneBytes(end),
    endBytesTouchAll: reading.allBytes(end),
    lowBytes: low,
    highBytes: high,
    peakLowBytes: peakLow,
    peakHighBytes: peakHigh,
    spread: {
      touchBytes: reading.highBytes(end) - reading.lowBytes(end),
      arenasBytes: Math.max(...atEnd) - Math.min(...atEnd),
    },
    contendedRuns: runs.length - 1,
  };
}

/** RSS in bytes at each point of the timeline. */
export function rssSeries({ pages }: ScenarioRun, reading: Reading): number[] {
  const series = pages.map((one) => one.points());
  return series[0]!.map((_, point) => reading.bytes(series.map((points) => points[point]!)));
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
