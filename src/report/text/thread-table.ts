import { size } from "../format.ts";
import type { Report, ThreadSummary } from "../report.ts";
import type { ThreadSort } from "../sort-threads.ts";
import { splitAtTop } from "../tables/column.ts";
import { type ThreadColumn, threadColumns, threadsAre } from "../tables/thread-columns.ts";
import { sparkline, sumOf } from "./sparkline.ts";
import { heading, type TextStyle } from "./style.ts";
import { renderTable } from "./text-table.ts";

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
