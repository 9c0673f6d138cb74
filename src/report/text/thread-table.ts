import { type ByteUnit, byteUnit, count, duration, inUnit, plural, size } from "../format.ts";
import type { CallCounts, Report, ThreadSummary, TraceSummary } from "../report.ts";
import type { ThreadSort } from "../sort-threads.ts";
import { sparkline, sumOf } from "./sparkline.ts";
import { cut, cutMiddle, heading, type TextStyle } from "./style.ts";
import { type Column, renderTable, splitAtTop } from "./table.ts";

export function threadTable(
  report: Report,
  sort: ThreadSort,
  top: number,
  style: TextStyle,
): string {
  const { threads, trace } = report;
  const rows = splitAtTop(threads, top);
  const courses = style.ascii ? [] : coursesOf(report, rows.shown, style.width);
  const columns = threadColumns(threads, trace.firstTime, courses);
  return `${heading("Threads", ` ${threadsAre(sort, trace)}`, style)}\n${renderTable(columns, rows, style)}`;
}

/** In which order the threads are, how many, and what they did in all. */
export function threadsAre(sort: ThreadSort, trace: TraceSummary): string {
  const order = `by ${sort.key}${sort.ascending ? ", ascending" : ""}`;
  // Times out of order can make the last line the earlier one: then nothing is said.
  const seconds = (trace.lastTime ?? Number.NaN) - (trace.firstTime ?? Number.NaN);
  const lasted = seconds >= 0 ? ` in ${duration(seconds)}` : "";
  return `${order} (${plural(trace.threads, "thread")}, ${plural(trace.events, "event")}${lasted})`;
}

type ThreadColumn = Column<ThreadSummary>;

/** The ranks state the order in which columns give way: 12 goes first, 0 stays. */
export function threadColumns(
  threads: readonly ThreadSummary[],
  start: number | null,
  courses: readonly ThreadColumn[] = [],
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
  // What is compared with each other has one unit.
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
    named("name", 4, threads, (thread) => thread.name),
    bytes(["volume"], 0, (thread) => thread.volumeBytes, volume),
    { ...calls("total", 1), head: ["calls"] },
    bytes(["live"], 0, (thread) => thread.liveBytes, held),
    // Peaks of several threads come at different times: their sum would be no peak.
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
    ...courses,
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
    named("top frame", 8, threads, (thread) => thread.topFrame),
  ];
}

/** Columns of the terminal for each character of a sparkline, of which there are 8 to 16. */
const COLUMNS_PER_SPARK = 10;

/** Sparklines of live bytes and of RSS, each on one scale for all the threads shown. */
function coursesOf(report: Report, shown: readonly ThreadSummary[], width: number): ThreadColumn[] {
  const characters = Math.min(16, Math.max(8, Math.floor(width / COLUMNS_PER_SPARK)));
  const { timeline, scenarios, trace } = report;
  const arenas = new Map(scenarios[0]?.arenas.map(({ id, rssTimeline }) => [id, rssTimeline]));
  const course = (
    name: string,
    rank: number,
    eventsPerPoint: number,
    valuesOf: (thread: ThreadSummary) => readonly number[],
    explain: (max: string) => string,
  ): ThreadColumn => {
    const series = new Map(shown.map((thread) => [thread, valuesOf(thread)]));
    let max = 0;
    for (const values of series.values()) {
      for (const value of values) {
        max = Math.max(max, value);
      }
    }
    return {
      head: [name, "over", "time"],
      align: "left",
      rank,
      cell: (thread) => {
        const values = series.get(thread) ?? [];
        return sparkline({ values, eventsPerPoint }, trace.events, characters, max);
      },
      note: explain(size(max)),
    };
  };
  const { eventsPerThreadPoint, eventsPerArenaPoint } = timeline;
  return [
    course(
      "live",
      3.5,
      eventsPerThreadPoint,
      (thread) => thread.liveTimeline,
      (max) => `Live over time: from the log's first event to its last; █ is ${max} in every row.`,
    ),
    course(
      "RSS",
      4.5,
      eventsPerArenaPoint,
      ({ arenas: ids }) => sumOf(ids.map((id) => arenas.get(id) ?? [])),
      (max) =>
        `RSS over time: of all arenas the thread used, which others may share; █ is ${max} in every row.`,
    ),
  ];
}

function named(
  head: string,
  rank: number,
  threads: readonly ThreadSummary[],
  of: (thread: ThreadSummary) => string | null,
): ThreadColumn {
  const known = threads.some((thread) => of(thread) !== null);
  return {
    head: [head],
    align: "left",
    isName: true,
    rank,
    cell: (thread) => of(thread) ?? (known ? "?" : ""),
    fold: { least: 16, to: cutMiddle },
  };
}

function sum(threads: readonly ThreadSummary[], of: (thread: ThreadSummary) => number): number {
  return threads.reduce((total, thread) => total + of(thread), 0);
}

function moment(time: number | null, start: number | null): string {
  return time === null || start === null ? "" : duration(time);
}
