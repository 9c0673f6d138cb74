import type { Report, ThreadSummary } from "../../src/report/contract/report.ts";
import {
  arena,
  fidelity,
  KiB,
  MiB,
  NO_ANOMALIES,
  report,
  scenario,
  thread,
  trace,
} from "./report-builder.ts";

/** points of 864,414 events: one for each 1024, and one for each 16,384 */
const POINTS = 845;
const ROW_POINTS = 53;

/** Rises to its peak in the first two thirds, then falls to its end. */
function course(peakBytes: number, endBytes: number, points = POINTS): number[] {
  const top = Math.round(points * 0.66);
  return Array.from({ length: points }, (_, i) =>
    i <= top
      ? (peakBytes * i) / top
      : peakBytes + ((endBytes - peakBytes) * (i - top)) / (points - 1 - top),
  );
}

/** A service with many threads and arenas, where MALLOC_ARENA_MAX=1 saves memory. It fills every section. */
export function serviceReport(): Report {
  const threads: ThreadSummary[] = Array.from({ length: 44 }, (_, i) => {
    const malloc = Math.round(400_000 / (i + 1));
    const free = Math.round(380_000 / (i + 1));
    return thread(16342 + i, {
      name: `http-nio-8080-exec-${i}`,
      calls: { malloc, calloc: 300, realloc: 20, memalign: 2, free, total: malloc + free + 322 },
      volumeBytes: Math.round((1500 * MiB) / (i + 1)),
      liveBytes: Math.round((90 * MiB) / (i + 1)),
      liveBlocks: malloc - free,
      peakLiveBytes: Math.round((120 * MiB) / (i + 1)),
      freedByOthersBytes: 700 * KiB,
      freedForOthersBytes: 300 * KiB,
      pinnedBytes: Math.round((40 * MiB) / (i + 1)),
      arenas: i === 0 ? [0, 1] : [i % 16],
      liveTimeline: course((120 * MiB) / (i + 1), (90 * MiB) / (i + 1), ROW_POINTS),
      firstTime: i * 0.1,
      lastTime: 72.3,
    });
  });
  const arenas = Array.from({ length: 16 }, (_, i) =>
    arena(i, {
      heaps: i === 0 ? 1 : 2,
      systemBytes: (60 - 3 * i) * MiB,
      rssBytes: (50 - 3 * i) * MiB,
      inUseBytes: (20 - i) * MiB,
      freeBytes: (35 - 2 * i) * MiB,
      topBytes: 300 * KiB,
      free: {
        tcache: 90 * KiB,
        fastbins: 12 * KiB,
        unsorted: 20 * MiB,
        smallbins: 3 * MiB,
        largebins: 6 * MiB,
        top: 300 * KiB,
      },
      pinnedBytes: (10 - i / 2) * MiB,
      threads: [16342 + i, 16358 + i, 16374 + i],
      rssTimeline: course((50 - 3 * i) * MiB, (50 - 3 * i) * MiB, ROW_POINTS),
    }),
  );
  const live = { requestedBytes: 218.3 * MiB, inUseBytes: 231.4 * MiB };
  const numbers = (arenaCount: number, endMiB: number, peakMiB: number) => ({
    ...live,
    arenaCount,
    endMiB,
    peakMiB,
    fragmentation: { internal: 1 - 218.3 / 231.4, external: 1 - 231.4 / endMiB },
  });
  return report({
    trace: trace({
      sources: ["service.log.gz"],
      events: 864_414,
      threads: 44,
      lastTime: 72.4,
      lines: { total: 864_430, parsed: 864_414, comments: 14, malformed: 2, blank: 0 },
      malformedSamples: [
        { line: 1017, text: "16342 00:00:01.2 [0x7f] mal16350 00:00:01.2 [0x7f] free(0x7f0010)" },
        { line: 864_430, text: "16342 00:01:12.4 [0x7f] mallo" },
      ],
      anomalies: { ...NO_ANOMALIES, freeUnknown: 12, reusedLive: 1, truncatedInputs: 1 },
    }),
    threads,
    live: { bytes: 218.3 * MiB, blocks: 61_234, peakBytes: 231 * MiB, peakTime: 61 },
    model: {
      ...fidelity(567_839, 567_839),
      cpusSource: "default",
      assumedWritten: { blocks: 12, bytes: 48 * MiB, mediumBlocks: 0, mediumBytes: 0 },
    },
    scenarios: [
      scenario("as recorded", {
        ...numbers(16, 412.1, 455.2),
        touchMiB: [301, 420],
        arenas,
        mmapped: { blocks: 3, bytes: 12 * MiB },
      }),
      scenario("malloc_trim=end", {
        ...numbers(16, 300.7, 455.2),
        trim: "end",
        trimmedBytes: 111.4 * MiB,
      }),
      scenario("MALLOC_ARENA_MAX=1", {
        ...numbers(1, 244.6, 259.9),
        settings: { MALLOC_ARENA_MAX: "1" },
      }),
      scenario("MALLOC_ARENA_MAX=2", {
        ...numbers(2, 251.3, 270.1),
        settings: { MALLOC_ARENA_MAX: "2" },
      }),
      scenario("MALLOC_ARENA_MAX=1,malloc_trim=end", {
        ...numbers(1, 236.2, 259.9),
        settings: { MALLOC_ARENA_MAX: "1" },
        trim: "end",
        trimmedBytes: 8.4 * MiB,
      }),
    ],
    timeline: {
      time: Array.from({ length: POINTS }, (_, i) => (72.4 * (i + 1)) / POINTS),
      liveBytes: course(231 * MiB, 218.3 * MiB),
      inUseBytes: course(242 * MiB, 231.4 * MiB),
      perScenario: {
        "as recorded": course(455.2 * MiB, 412.1 * MiB),
        // It trims only after the last event.
        "malloc_trim=end": course(455.2 * MiB, 412.1 * MiB),
        "MALLOC_ARENA_MAX=1": course(259.9 * MiB, 244.6 * MiB),
        "MALLOC_ARENA_MAX=2": course(270.1 * MiB, 251.3 * MiB),
        "MALLOC_ARENA_MAX=1,malloc_trim=end": course(259.9 * MiB, 244.6 * MiB),
      },
      eventsPerPoint: 1024,
      siteEvents: [],
      eventsPerThreadPoint: 16384,
      eventsPerArenaPoint: 16384,
    },
    findings: [
      {
        kind: "pins",
        severity: "warning",
        message:
          "64 blocks of 48 bytes hold free pages in place at the top of arenas 1 to 15; all were allocated by thread 16342",
        bytes: 40 * MiB,
        evidence: { blocks: 64 },
      },
    ],
  });
}
