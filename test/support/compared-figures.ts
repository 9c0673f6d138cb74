import type { Report } from "../../src/report/contract/report.ts";

/**
 * What a report says without names, addresses, ids and lines, and without an order that ids decide: equal for a log and for
 * what `mallog shrink` makes of it.
 */
export function comparedFigures(report: Report) {
  const { trace, live, model, scenarios, measured, timeline, grade, causes, pins, cures } = report;
  const { threads, callers, sizes, processes = [] } = report;
  const { compared, equal, firstDivergence } = model?.fidelity ?? {};
  return {
    trace: {
      events: trace.events,
      threads: trace.threads,
      pointerBits: trace.pointerBits,
      anomalies: trace.anomalies,
      allocator: trace.allocator,
      seconds: seconds(trace.firstTime, trace.lastTime),
    },
    live: { bytes: live.bytes, blocks: live.blocks, peakBytes: live.peakBytes },
    model: { ...model, fidelity: { compared, equal, event: firstDivergence?.event } },
    scenarios: scenarios.map((one) => ({
      ...one,
      arenas: one.arenas.map((arena) => ({ ...arena, threads: arena.threads.length })),
    })),
    measured,
    timeline: { live: timeline.liveBytes, scenarios: timeline.perScenario },
    grade: grade?.level,
    causes,
    pins: pins?.map(({ arena, heap, heldBytes, returnedIfFreedBytes, block }) => ({
      ...{ arena, heap, heldBytes, returnedIfFreedBytes },
      size: block?.size,
    })),
    cures: cures?.map(({ settings, end, peak, price }) => ({ settings, end, peak, price })),
    threads: unordered(
      threads.map(({ calls, failedCalls, volumeBytes, liveBytes, peakLiveBytes, arenas }) => ({
        ...{ calls, failedCalls, volumeBytes, liveBytes, peakLiveBytes, arenas },
      })),
    ),
    callers: unordered(
      callers.map(({ calls, volumeBytes, liveBytes, temporaryCalls, pinnedBytes }) => ({
        ...{ calls, volumeBytes, liveBytes, temporaryCalls, pinnedBytes },
      })),
    ),
    sizes,
    processes: processes.map(({ events, volumeBytes }) => ({ events, volumeBytes })),
  };
}

function seconds(first: number | null, last: number | null): number | null {
  return first === null || last === null ? null : Math.round((last - first) * 1e6);
}

function unordered(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}
