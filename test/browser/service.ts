import { containerOf } from "../../src/insight/cures/container.ts";
import type { Report } from "../../src/report/contract/report.ts";
import { heapMap } from "../support/large-report.ts";
import { arena, MiB } from "../support/report-builder.ts";
import { serviceReport } from "../support/service-report.ts";

/** A service with heap maps, a container's limit, measured RSS, and a timeline of four points and two scenarios. */
export function service(): Report {
  const given = serviceReport();
  const [recorded, ...whatIfs] = given.scenarios;
  const maps = [heapMap(400), heapMap(40)];
  const whatIfMaps = [heapMap(40, { resident: "0".repeat(40) })];
  const full: Report = {
    ...given,
    scenarios: [
      { ...recorded!, arenas: recorded!.arenas.map((one) => ({ ...one, heapMaps: maps })) },
      ...whatIfs.map((one) => ({ ...one, arenas: [arena(0, { heapMaps: whatIfMaps })] })),
    ],
    timeline: {
      ...given.timeline,
      time: [20, 40, 60, 72.4],
      eventsPerPoint: 262_144,
      liveBytes: [90, 180, 231, 218].map((size) => size * MiB),
      inUseBytes: [100, 190, 242, 231].map((size) => size * MiB),
      perScenario: {
        "as recorded": [200, 380, 455, 412].map((size) => size * MiB),
        "MALLOC_ARENA_MAX=1": [150, 200, 259, 244].map((size) => size * MiB),
      },
    },
    measured: {
      rssSamples: [{ time: 50, events: 600_000, bytes: 300 * MiB, modelledBytes: 380 * MiB }],
      error: { median: 0.26, max: 0.26 },
    },
  };
  return { ...full, container: containerOf(full, 500 * MiB, 0) };
}
