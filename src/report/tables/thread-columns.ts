import { statesText } from "../contract/dumps.ts";
import type { CallCounts, ThreadSummary, TraceSummary } from "../contract/report.ts";
import type { ThreadSort } from "../order/sort-threads.ts";
import { type ByteUnit, byteUnit, count, duration, inUnit, plural } from "../wording/format.ts";
import { cut, cutFrame, cutMiddle } from "../wording/shorten.ts";
import type { Column } from "./column.ts";

/** "by volume (44 threads, 864,414 events in 1 min 12 s)" */
export function threadsTitle(sort: ThreadSort, trace: TraceSummary): string {
  const order = `by ${sort.key}${sort.ascending ? ", ascending" : ""}`;
  const seconds = (trace.lastTime ?? Number.NaN) - (trace.firstTime ?? Number.NaN);
  const lasted = seconds >= 0 ? ` in ${duration(seconds)}` : "";
  return `${order} (${plural(trace.threads, "thread")}, ${plural(trace.events, "event")}${lasted})`;
}

export type ThreadColumn = Column<ThreadSummary>;

/** Ranks give the order of dropping: 12 first, 0 never. */
export function threadColumns(
  threads: readonly ThreadSummary[],
  start: number | null,
  sparklines: readonly ThreadColumn[] = [],
): ThreadColumn[] {
  const bytes = (
    name: readonly string[],
    rank: number,
    of: (thread: ThreadSummary) => number,
    unit: ByteUnit,
    summable = true,
  ): ThreadColumn => {
    const rest = (rows: readonly ThreadSummary[]): string => inUnit(unit, sum(rows, of));
    return {
      head: [...name, unit.name],
      align: "right",
      rank,
      cell: (thread) => inUnit(unit, of(thread)),
      ...(summable ? { rest } : {}),
    };
  };
  const counted = (head: string, rank: number, of: (thread: ThreadSummary) => number) => ({
    head: [head],
    align: "right" as const,
    rank,
    cell: (thread: ThreadSummary) => count(of(thread)),
    rest: (rows: readonly ThreadSummary[]) => count(sum(rows, of)),
  });
  const calls = (kind: keyof CallCounts, rank: number): ThreadColumn =>
    counted(kind, rank, (thread) => thread.calls[kind]);
  // Columns that a reader compares share a unit.
  const volume = byteUnit(threads.map((thread) => thread.volumeBytes));
  const held = byteUnit(threads.flatMap((thread) => [thread.peakLiveBytes, thread.pinnedBytes]));
  const passed = byteUnit(
    threads.flatMap((thread) => [thread.freedByOthersBytes, thread.freedForOthersBytes]),
  );
  return [
    {
      head: ["thread"],
      align: "left",
      rank: 0,
      cell: ({ tid }) => String(tid),
      rest: (rows) => `… ${count(rows.length)} more`,
    },
    named("name", 1, threads, (thread) => thread.name, { least: 16, to: cutMiddle }),
    bytes(["volume"], 0, (thread) => thread.volumeBytes, volume),
    { ...calls("total", 1), head: ["calls"] },
    bytes(["live"], 0, (thread) => thread.liveBytes, held),
    // Peaks of threads come at different times: they have no meaningful sum.
    bytes(["peak", "live"], 2, (thread) => thread.peakLiveBytes, held, false),
    bytes(["pinned"], 3, (thread) => thread.pinnedBytes, held),
    counted("blocks", 6, (thread) => thread.liveBlocks),
    {
      head: ["arenas"],
      align: "right",
      rank: 5,
      cell: ({ arenas }) => arenas.join(" "),
      fold: { least: 6, to: cut },
    },
    ...sparklines,
    calls("malloc", 9),
    calls("calloc", 10),
    calls("realloc", 10),
    calls("memalign", 11),
    calls("free", 9),
    bytes(["freed by", "others"], 7, (thread) => thread.freedByOthersBytes, passed),
    bytes(["freed for", "others"], 8, (thread) => thread.freedForOthersBytes, passed),
    counted("failed", 11, (thread) => thread.failedCalls),
    {
      head: ["first"],
      align: "right",
      rank: 12,
      cell: ({ firstTime }) => moment(firstTime, start),
    },
    { head: ["last"], align: "right", rank: 12, cell: ({ lastTime }) => moment(lastTime, start) },
    named("top frame", 8, threads, (thread) => thread.topFrame, { least: 24, to: cutFrame }),
    named("states in dumps", 10.5, threads, ({ dumps }) => statesText(dumps), {
      least: 24,
      to: cut,
    }),
  ];
}

function named(
  head: string,
  rank: number,
  threads: readonly ThreadSummary[],
  of: (thread: ThreadSummary) => string | null,
  fold: NonNullable<ThreadColumn["fold"]>,
): ThreadColumn {
  const known = threads.some((thread) => of(thread) !== null);
  return {
    head: [head],
    align: "left",
    isName: true,
    rank,
    cell: (thread) => of(thread) ?? (known ? "?" : ""),
    fold,
  };
}

function sum(threads: readonly ThreadSummary[], of: (thread: ThreadSummary) => number): number {
  return threads.reduce((total, thread) => total + of(thread), 0);
}

function moment(time: number | null, start: number | null): string {
  return time === null || start === null ? "" : duration(time);
}
