import type { Report, ThreadSummary } from "../contract/report.ts";
import type { ThreadSort } from "../order/sort-threads.ts";
import { splitAtTop } from "../tables/column.ts";
import { type ThreadColumn, threadColumns, threadsTitle } from "../tables/thread-columns.ts";
import { size } from "../wording/format.ts";
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
  const sparklines = style.ascii ? [] : sparklineColumns(report, rows.shown, style.width);
  const columns = threadColumns(threads, trace.firstTime, sparklines);
  return `${heading("Threads", ` ${threadsTitle(sort, trace)}`, style)}\n${renderTable(columns, rows, style)}`;
}

/** Terminal columns per character of a sparkline, which has 8 to 16. */
const COLUMNS_PER_SPARK = 10;

/** Sparklines of live bytes and of RSS, each with one scale for all threads shown. */
function sparklineColumns(
  report: Report,
  shown: readonly ThreadSummary[],
  width: number,
): ThreadColumn[] {
  const characters = Math.min(16, Math.max(8, Math.floor(width / COLUMNS_PER_SPARK)));
  const { timeline, scenarios, trace } = report;
  const arenas = new Map(scenarios[0]?.arenas.map(({ id, rssTimeline }) => [id, rssTimeline]));
  const column = (
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
    column(
      "live",
      3.5,
      eventsPerThreadPoint,
      (thread) => thread.liveTimeline,
      (max) => `Live over time: over the whole log; █ is ${max} in every row.`,
    ),
    column(
      "RSS",
      4.5,
      eventsPerArenaPoint,
      ({ arenas: ids }) => sumOf(ids.map((id) => arenas.get(id) ?? [])),
      (max) =>
        `RSS over time: all arenas that the thread used, shared ones included; █ is ${max} in every row.`,
    ),
  ];
}
