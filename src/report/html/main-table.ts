import { plural } from "../format.ts";
import type { Report } from "../report.ts";
import { sortArenas } from "../sort-allocations.ts";
import { allocationsTitle, callerColumns, sizeColumns } from "../tables/allocation-columns.ts";
import { arenaColumns } from "../tables/arena-columns.ts";
import type { WriterOptions } from "../writers/writer.ts";
import type { Markup } from "./markup.ts";
import { tableSection } from "./table-section.ts";

/** The main table, if it is not that of the threads, which the page always has; null if it is. */
export function mainTable(report: Report, { by, sort, top }: WriterOptions): Markup | null {
  const { callers, sizes, scenarios } = report;
  const [recorded] = scenarios;
  switch (by) {
    case "caller": {
      const title = `Call sites ${allocationsTitle(sort, callers, "call site")}`;
      return tableSection("callers", title, callerColumns(callers), callers, { top });
    }
    case "size": {
      const title = `Sizes ${allocationsTitle(sort, sizes, "size")}`;
      return tableSection("sizes", title, sizeColumns(sizes), sizes, { top });
    }
    case "arena": {
      if (recorded === undefined) {
        return null;
      }
      const arenas = sortArenas(recorded.arenas, sort);
      const title = `Arenas of the recorded run at its end (${plural(arenas.length, "arena")})`;
      return tableSection("arenas", title, arenaColumns(arenas), arenas, { top });
    }
    default:
      return null;
  }
}
