import { statesText } from "../contract/dumps.ts";
import type { AllocationFigures } from "../contract/report.ts";
import { systemCallsOf } from "../system-calls-of.ts";
import { printable } from "../wording/printable.ts";
import type { Writer } from "./writer.ts";

/**
 * The report for grep, cut and awk: one record per line, fields separated by tabs, the first field naming the kind of
 * record. A line that starts with # names the fields of the records below it. All rows, exact numbers in bytes and
 * seconds, no colour; "-" is unknown. Fields are only added, at the end.
 */
export const writePlain: Writer = ({ report, verdict, cures }) => {
  const { trace, threads, callers, sizes, scenarios, findings } = report;
  const lines = verdict.map(({ text }) => record("verdict", [text]));
  lines.push(
    ...records("log", [trace], {
      events: (log) => log.events,
      threads: (log) => log.threads,
      malformedLines: (log) => log.lines.malformed,
      firstTime: (log) => log.firstTime,
      lastTime: (log) => log.lastTime,
      sources: (log) => log.sources.join(" "),
    }),
    ...records("process", report.processes ?? [], {
      name: (one) => one.name,
      origin: (one) => one.origin,
      events: (one) => one.events,
      volumeBytes: (one) => one.volumeBytes,
      reported: (one) => String(one.isReported),
      liveBytes: (one) => one.figures?.liveBytes ?? null,
      rssEndBytes: (one) => one.figures?.rssEndBytes ?? null,
    }),
    ...records("thread", threads, {
      tid: (thread) => thread.tid,
      volumeBytes: (thread) => thread.volumeBytes,
      calls: (thread) => thread.calls.total,
      liveBytes: (thread) => thread.liveBytes,
      liveBlocks: (thread) => thread.liveBlocks,
      peakLiveBytes: (thread) => thread.peakLiveBytes,
      pinnedBytes: (thread) => thread.pinnedBytes,
      malloc: (thread) => thread.calls.malloc,
      calloc: (thread) => thread.calls.calloc,
      realloc: (thread) => thread.calls.realloc,
      memalign: (thread) => thread.calls.memalign,
      free: (thread) => thread.calls.free,
      failed: (thread) => thread.failedCalls,
      freedByOthersBytes: (thread) => thread.freedByOthersBytes,
      freedForOthersBytes: (thread) => thread.freedForOthersBytes,
      firstTime: (thread) => thread.firstTime,
      lastTime: (thread) => thread.lastTime,
      arenas: (thread) => thread.arenas.join(" "),
      name: (thread) => thread.name,
      topFrame: (thread) => thread.topFrame,
      states: ({ dumps }) => statesText(dumps),
    }),
    ...records("caller", callers, {
      caller: (row) => row.caller ?? (row.merged ? "others" : null),
      ...FIGURES,
      medianLifetimeEvents: (row) => row.medianLifetimeEvents,
      module: (row) => row.module,
      offset: (row) => row.offset,
      symbol: (row) => row.symbol,
      file: (row) => row.file,
      line: (row) => row.line,
    }),
    ...records("size", sizes, { size: (row) => row.size ?? "others", ...FIGURES }),
    ...records("scenario", scenarios, {
      settings: (scenario) => scenario.name,
      rssEndBytes: (scenario) => scenario.rss.endBytes,
      rssEndLowBytes: (scenario) => scenario.rss.lowBytes,
      rssEndHighBytes: (scenario) => scenario.rss.highBytes,
      rssPeakBytes: (scenario) => scenario.rss.peakBytes,
      rssPeakLowBytes: (scenario) => scenario.rss.peakLowBytes,
      rssPeakHighBytes: (scenario) => scenario.rss.peakHighBytes,
      rssPeakTime: (scenario) => scenario.rss.peakTime,
      inUseBytes: (scenario) => scenario.inUseBytes,
      systemBytes: (scenario) => scenario.system.endBytes,
      mmappedBytes: (scenario) => scenario.mmapped.bytes,
      trimmedBytes: (scenario) => scenario.trimmedBytes,
      arenas: (scenario) => scenario.arenaCount,
      failedCalls: (scenario) => scenario.failedCalls,
      systemCalls: systemCallsOf,
      pageFaults: (scenario) => scenario.pageFaults,
    }),
    ...records("cure", cures, {
      settings: ({ cure }) => cure.name,
      bestFor: ({ cure }) => cure.bestFor.join(" "),
      peakBytes: ({ cure }) => cure.peak.bytes,
      peakChange: ({ cure }) => cure.peak.change,
      endBytes: ({ cure }) => cure.end.bytes,
      endChange: ({ cure }) => cure.end.change,
      certain: ({ cure }) => String(cure.certain),
      systemCalls: ({ cure }) => systemCallsOf(cure.price),
      pageFaults: ({ cure }) => cure.price.pageFaults,
      threadsPerArena: ({ cure }) => cure.price.threadsPerArena,
    }),
    ...records(
      "type",
      cures.flatMap(({ cure, lines }) => lines.map((line) => ({ ...line, settings: cure.name }))),
      {
        settings: (line) => line.settings,
        for: (line) => line.target,
        text: (line) => line.text,
        note: (line) => line.note,
      },
    ),
    ...records("arena", scenarios[0]?.arenas ?? [], {
      id: (arena) => arena.id,
      heaps: (arena) => arena.heaps,
      systemBytes: (arena) => arena.systemBytes,
      rssBytes: (arena) => arena.rssBytes,
      inUseBytes: (arena) => arena.inUseBytes,
      freeBytes: (arena) => arena.freeBytes,
      topBytes: (arena) => arena.topBytes,
      pinnedBytes: (arena) => arena.pinnedBytes,
      threads: (arena) => arena.threads.length,
    }),
    ...records("finding", findings, {
      severity: (finding) => finding.severity,
      kind: (finding) => finding.kind,
      bytes: (finding) => finding.bytes,
      message: (finding) => finding.message,
    }),
  );
  return `${lines.join("\n")}\n`;
};

type Value = string | number | null;

const FIGURES = {
  volumeBytes: (row: AllocationFigures) => row.volumeBytes,
  calls: (row: AllocationFigures) => row.calls,
  liveBytes: (row: AllocationFigures) => row.liveBytes,
  liveBlocks: (row: AllocationFigures) => row.liveBlocks,
  liveAtPeakBytes: (row: AllocationFigures) => row.liveAtPeakBytes,
  pinnedBytes: (row: AllocationFigures) => row.pinnedBytes,
  temporaryCalls: (row: AllocationFigures) => row.temporaryCalls,
};

/** The head of a kind of record, and its rows; nothing if there are no rows. */
function records<Row>(
  kind: string,
  rows: readonly Row[],
  fields: Readonly<Record<string, (row: Row) => Value>>,
): string[] {
  if (rows.length === 0) {
    return [];
  }
  const values = Object.values(fields);
  const head = record(`#${kind}`, Object.keys(fields));
  return [
    head,
    ...rows.map((row) =>
      record(
        kind,
        values.map((of) => of(row)),
      ),
    ),
  ];
}

/** Escapes tabs, line ends and other control characters within a field. */
function record(kind: string, values: readonly Value[]): string {
  const texts = values.map((value) =>
    value === null || value === "" ? "-" : printable(String(value)),
  );
  return [kind, ...texts].join("\t");
}
