import type { Container, Report } from "./report.ts";

/**
 * Holds every scenario against a cgroup's limit. The moment of the kill is read off the timeline, whose points keep the
 * maximum of their stretch: it is exact to one point.
 */
export function containerOf(
  report: Report,
  limitBytes: number | null,
  baseRssBytes: number,
): Container {
  const scenarios = report.scenarios.map(({ name, rss }) => {
    const peakBytes = baseRssBytes + rss.peakBytes;
    const fits = limitBytes === null ? null : peakBytes <= limitBytes;
    if (limitBytes === null || fits) {
      return { name, peakBytes, fits, killedTime: null };
    }
    const series = report.timeline.perScenario[name] ?? [];
    const point = series.findIndex((bytes) => baseRssBytes + bytes > limitBytes);
    const killedTime = point < 0 ? rss.peakTime : (report.timeline.time[point] ?? null);
    return { name, peakBytes, fits, killedTime };
  });
  return { limitBytes, baseRssBytes, scenarios };
}
