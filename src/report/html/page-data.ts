import type { Report, ThreadSummary } from "../contract/report.ts";
import type { TimelineMark } from "../contract/timeline-mark.ts";
import { DEFAULT_SORT, type ThreadSort } from "../order/sort-threads.ts";
import { printable } from "../wording/printable.ts";
import { type AllocationsData, allocationsData } from "./allocations-data.ts";
import { type CausesData, causesData } from "./causes-data.ts";
import { type FlameData, flameData } from "./flame-data.ts";
import { mapsData, type ScenarioMaps } from "./maps-data.ts";
import { steadyTimes } from "./steady-times.ts";

/** The data of the page's script, as JSON in the page. Units as in Report; texts are already printable. */
export interface PageData {
  readonly timeline: TimelineData | null;
  readonly threads: ThreadsData;
  readonly allocations: AllocationsData;
  readonly flame: FlameData;
  readonly causes: CausesData;
  readonly maps: readonly ScenarioMaps[];
}

export interface TimelineData {
  /** seconds of each point, never falling; null if the log has no such times */
  readonly time: readonly number[] | null;
  /** events of the log up to each point, including the one at the end */
  readonly events: readonly number[];
  readonly series: readonly SeriesData[];
  /** measured RSS; `time` is null if unknown */
  readonly samples: readonly {
    readonly time: number | null;
    readonly events: number;
    readonly bytes: number;
  }[];
  /** the log's marks; absent: none */
  readonly marks?: readonly Omit<TimelineMark, "line">[];
  /** the container's limit minus the memory outside malloc */
  readonly limit: { readonly bytes: number; readonly name: string } | null;
}

export interface SeriesData {
  readonly name: string;
  /** "rss": a scenario; the recorded run comes first */
  readonly kind: "live" | "inUse" | "rss";
  /** bytes: the maximum of each point, then the value at the end */
  readonly bytes: readonly number[];
}

/** One array per column, which is smaller than one object per row. */
export interface ThreadsData {
  readonly sort: ThreadSort;
  readonly tid: readonly number[];
  readonly name: readonly (string | null)[];
  readonly topFrame: readonly (string | null)[];
  readonly arenas: readonly string[];
  readonly numbers: Readonly<Record<ThreadNumber, readonly number[]>>;
  /** seconds; null when unknown */
  readonly first: readonly (number | null)[];
  readonly last: readonly (number | null)[];
}

export type ThreadNumber =
  | "volume"
  | "calls"
  | "live"
  | "peak"
  | "pinned"
  | "blocks"
  | "freedByOthers"
  | "freedForOthers"
  | "failed";

export function pageData(report: Report, sort: ThreadSort = DEFAULT_SORT): PageData {
  const timeline = timelineData(report);
  return {
    timeline,
    threads: threadsData(report.threads, sort),
    allocations: allocationsData(report, sort),
    flame: flameData(report),
    causes: causesData(report, timeline?.events ?? []),
    maps: mapsData(report),
  };
}

function timelineData(report: Report): TimelineData | null {
  const { timeline, live, scenarios, trace, measured, container } = report;
  const points = timeline.liveBytes.length;
  if (points === 0) {
    return null;
  }
  const events = timeline.liveBytes.map((_, i) =>
    Math.min((i + 1) * timeline.eventsPerPoint, trace.events),
  );
  const time = steadyTimes(timeline.time);
  const [recorded] = scenarios;
  const inUse: SeriesData[] =
    recorded === undefined || timeline.inUseBytes.length !== points
      ? []
      : [{ name: "in use", kind: "inUse", bytes: [...timeline.inUseBytes, recorded.inUseBytes] }];
  const rss = scenarios.flatMap(({ name, rss }): SeriesData[] => {
    const bytes = timeline.perScenario[name];
    if (bytes?.length !== points) {
      return [];
    }
    return [{ name: printable(name), kind: "rss", bytes: [...bytes, rss.endBytes] }];
  });
  const base = container?.baseRssBytes ?? 0;
  const limitBytes = container?.limitBytes ?? null;
  return {
    time: time && withEnd(time),
    events: withEnd(events),
    ...(timeline.marks === undefined
      ? {}
      : {
          marks: timeline.marks.map(({ label, events, time }) => ({
            label: printable(label),
            events,
            time,
          })),
        }),
    series: [
      { name: "live", kind: "live", bytes: [...timeline.liveBytes, live.bytes] },
      ...inUse,
      ...rss,
    ],
    samples: (measured?.rssSamples ?? []).map(({ time, events, bytes }) => ({
      time,
      events,
      bytes,
    })),
    limit:
      limitBytes === null
        ? null
        : {
            bytes: limitBytes - base,
            name: base === 0 ? "container limit" : "container limit minus base RSS",
          },
  };
}

/** Repeats the last number: the run ends at its last event. */
function withEnd(numbers: readonly number[]): number[] {
  return [...numbers, numbers.at(-1) ?? 0];
}

function threadsData(threads: readonly ThreadSummary[], sort: ThreadSort): ThreadsData {
  const shown = (text: string | null): string | null => (text === null ? null : printable(text));
  return {
    sort,
    tid: threads.map(({ tid }) => tid),
    name: threads.map(({ name }) => shown(name)),
    topFrame: threads.map(({ topFrame }) => shown(topFrame)),
    arenas: threads.map(({ arenas }) => arenas.join(" ")),
    numbers: {
      volume: threads.map(({ volumeBytes }) => volumeBytes),
      calls: threads.map(({ calls }) => calls.total),
      live: threads.map(({ liveBytes }) => liveBytes),
      peak: threads.map(({ peakLiveBytes }) => peakLiveBytes),
      pinned: threads.map(({ pinnedBytes }) => pinnedBytes),
      blocks: threads.map(({ liveBlocks }) => liveBlocks),
      freedByOthers: threads.map(({ freedByOthersBytes }) => freedByOthersBytes),
      freedForOthers: threads.map(({ freedForOthersBytes }) => freedForOthersBytes),
      failed: threads.map(({ failedCalls }) => failedCalls),
    },
    first: threads.map(({ firstTime }) => firstTime),
    last: threads.map(({ lastTime }) => lastTime),
  };
}
