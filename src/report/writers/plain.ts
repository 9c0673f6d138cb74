import { printable } from "../text/printable.ts";
import { verdict } from "../verdict.ts";
import type { Writer } from "./writer.ts";

/**
 * The report for grep, cut and awk: a record a line, its fields separated by tabs, the first of which says what it is.
 * A line that begins with # names the fields of the records below it. All rows, exact numbers in bytes and seconds, no
 * colour; "-" stands for what is not known. Fields are only ever added, at the end.
 */
export const writePlain: Writer = (report) => {
  const { trace, threads, scenarios, findings } = report;
  const lines = verdict(report).map(({ text }) => record("verdict", [text]));
  lines.push(
    ...records("log", [trace], {
      events: (log) => log.events,
      threads: (log) => log.threads,
      malformed_lines: (log) => log.lines.malformed,
      first_time: (log) => log.firstTime,
      last_time: (log) => log.lastTime,
      sources: (log) => log.sources.join(" "),
    }),
    ...records("thread", threads, {
      tid: (thread) => thread.tid,
      volume_bytes: (thread) => thread.volumeBytes,
      calls: (thread) => thread.calls.total,
      live_bytes: (thread) => thread.liveBytes,
      live_blocks: (thread) => thread.liveBlocks,
      peak_live_bytes: (thread) => thread.peakLiveBytes,
      pinned_bytes: (thread) => thread.pinnedBytes,
      malloc: (thread) => thread.calls.malloc,
      calloc: (thread) => thread.calls.calloc,
      realloc: (thread) => thread.calls.realloc,
      memalign: (thread) => thread.calls.memalign,
      free: (thread) => thread.calls.free,
      failed: (thread) => thread.failedCalls,
      freed_by_others_bytes: (thread) => thread.freedByOthersBytes,
      freed_for_others_bytes: (thread) => thread.freedForOthersBytes,
      first_time: (thread) => thread.firstTime,
      last_time: (thread) => thread.lastTime,
      arenas: (thread) => thread.arenas.join(" "),
      name: (thread) => thread.name,
      top_frame: (thread) => thread.topFrame,
    }),
    ...records("scenario", scenarios, {
      settings: (scenario) => scenario.name,
      rss_end_bytes: (scenario) => scenario.rss.endBytes,
      rss_end_low_bytes: (scenario) => scenario.rss.lowBytes,
      rss_end_high_bytes: (scenario) => scenario.rss.highBytes,
      rss_peak_bytes: (scenario) => scenario.rss.peakBytes,
      rss_peak_low_bytes: (scenario) => scenario.rss.peakLowBytes,
      rss_peak_high_bytes: (scenario) => scenario.rss.peakHighBytes,
      rss_peak_time: (scenario) => scenario.rss.peakTime,
      in_use_bytes: (scenario) => scenario.inUseBytes,
      system_bytes: (scenario) => scenario.system.endBytes,
      mmapped_bytes: (scenario) => scenario.mmapped.bytes,
      trimmed_bytes: (scenario) => scenario.trimmedBytes,
      arenas: (scenario) => scenario.arenaCount,
      failed_calls: (scenario) => scenario.failedCalls,
    }),
    ...records("arena", scenarios[0]?.arenas ?? [], {
      id: (arena) => arena.id,
      heaps: (arena) => arena.heaps,
      system_bytes: (arena) => arena.systemBytes,
      rss_bytes: (arena) => arena.rssBytes,
      in_use_bytes: (arena) => arena.inUseBytes,
      free_bytes: (arena) => arena.freeBytes,
      top_bytes: (arena) => arena.topBytes,
      pinned_bytes: (arena) => arena.pinnedBytes,
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

/** The head of a kind of record, and its rows; nothing where there are none. */
function records<Row>(
  kind: string,
  rows: readonly Row[],
  fields: Readonly<Record<string, (row: Row) => Value>>,
): string[] {
  if (rows.length === 0) return [];
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

/** Tabs and line ends inside a text are escaped, as is all else that steers a terminal. */
function record(kind: string, values: readonly Value[]): string {
  const texts = values.map((value) =>
    value === null || value === "" ? "-" : printable(String(value)),
  );
  return [kind, ...texts].join("\t");
}
