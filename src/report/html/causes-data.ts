import { AS_RECORDED, type Causes, type Report } from "../contract/report.ts";
import { CAUSE_WORDS } from "../tables/cause-columns.ts";

/** Why the memory of the recorded run was resident, at the moments where that is known. */
export interface CausesData {
  readonly causes: readonly (keyof Causes)[];
  /** in the order of the run */
  readonly moments: readonly CauseMoment[];
}

export interface CauseMoment {
  readonly name: "end" | "peak" | null;
  /** point of the timeline (TimelineData), where the run had come so far */
  readonly point: number;
  /** bytes of each of `causes` */
  readonly bytes: readonly number[];
}

/** `events`: those of the log up to each point of the timeline, the last of which is the end. */
export function causesData(report: Report, events: readonly number[]): CausesData {
  const causes = CAUSE_WORDS.map(([cause]) => cause);
  const known = report.causes?.[AS_RECORDED];
  if (known === undefined) {
    return { causes, moments: [] };
  }
  const bytesOf = (of: Causes): number[] => causes.map((cause) => of[cause]);
  const end = Math.max(0, events.length - 1);
  const last: CauseMoment = { name: "end", point: end, bytes: bytesOf(known.end) };
  const peak = peakOf(report);
  const peakMoment: CauseMoment[] =
    known.peak === null || peak === null || peak >= end
      ? []
      : [{ name: "peak", point: peak, bytes: bytesOf(known.peak) }];
  const sampled = sampledMoments(report, events, causes).filter(
    ({ point }) => point < end - 1 && point !== peak,
  );
  const moments = [...sampled, ...peakMoment].sort((a, b) => a.point - b.point);
  return { causes, moments: [...moments, last] };
}

/** The point of the timeline with the peak of RSS; null if that is the end. */
function peakOf({ timeline, scenarios }: Report): number | null {
  const [recorded] = scenarios;
  const rss = timeline.perScenario[AS_RECORDED] ?? [];
  if (recorded === undefined || recorded.rss.peakBytes === recorded.rss.endBytes) {
    return null;
  }
  const most = rss.reduce((max, bytes) => Math.max(max, bytes), 0);
  return most === 0 ? null : rss.indexOf(most);
}

function sampledMoments(
  { timeline: { causes: columns } }: Report,
  events: readonly number[],
  causes: readonly (keyof Causes)[],
): CauseMoment[] {
  if (columns === undefined) {
    return [];
  }
  return columns.events.flatMap((before, i) => {
    const point = events.findIndex((upTo) => upTo >= before);
    return point < 0
      ? []
      : [{ name: null, point, bytes: causes.map((cause) => columns[cause][i] ?? 0) }];
  });
}
