import type { HeapMap, Report } from "../../src/report/contract/report.ts";
import { arena, NO_TIMELINE, report, scenario, thread } from "./report-builder.ts";

export const MANY_THREADS = 10_000;
export const MANY_SCENARIOS = 50;
const POINTS = 1000;

/** More threads and scenarios than a real report has; each scenario has all its series and heap maps. */
export function largeReport(): Report {
  const scenarios = Array.from({ length: 1 + MANY_SCENARIOS }, (_, i) =>
    scenario(i === 0 ? "as recorded" : `MALLOC_ARENA_MAX=${i},MALLOC_TRIM_THRESHOLD_=131072`, {
      endMiB: 400 - 3 * i,
      peakMiB: 450 - i,
      arenaCount: 40,
      arenas: Array.from({ length: 40 }, (_, id) => arena(id, { heapMaps: [heapMap(200)] })),
    }),
  );
  const series = (of: (point: number) => number): number[] =>
    Array.from({ length: POINTS }, (_, point) => Math.round(of(point)));
  const threads = Array.from({ length: MANY_THREADS }, (_, i) =>
    thread(16342 + i, { name: `http-nio-8080-exec-${i}`, volumeBytes: (i * 7919) % 1e9 }),
  );
  return report({
    threads,
    scenarios,
    timeline: {
      ...NO_TIMELINE,
      time: series((point) => point),
      eventsPerPoint: 64,
      liveBytes: series((point) => point * 1e5),
      inUseBytes: series((point) => point * 1.1e5),
      perScenario: Object.fromEntries(
        scenarios.map(({ name, rss }) => [
          name,
          series((point) => rss.endBytes * Math.sqrt(point / POINTS)),
        ]),
      ),
    },
  });
}

/** A heap of `pages` pages in equal parts full, partly free, free and absent. */
export function heapMap(pages: number, given: Partial<HeapMap> = {}): HeapMap {
  const quarter = pages / 4;
  return {
    pages,
    pagesPerCell: 1,
    fullPages: quarter,
    partlyFreePages: quarter,
    freePages: quarter,
    absentPages: quarter,
    inUseBytes: 1.5 * quarter * 4096,
    freeBytes: 1.5 * quarter * 4096,
    topmostBlock: { offsetBytes: (pages - 1) * 4096, bytes: 48 },
    resident: "xxx0".repeat(quarter),
    free: "05x0".repeat(quarter),
    ...given,
  };
}
