import type { Scenario } from "../contract/report.ts";
import { sortArenas } from "../order/sort-allocations.ts";
import type { ThreadSort } from "../order/sort-threads.ts";
import { arenaColumns, largestFirst, outsideArenas } from "../tables/arena-columns.ts";
import { splitAtTop } from "../tables/column.ts";
import { plural } from "../wording/format.ts";
import { heading, type TextStyle, wrap } from "./style.ts";
import { renderTable } from "./text-table.ts";

/** The arenas of the recorded run at its end, and the mmapped blocks. `sort`: null is largest RSS first. */
export function arenaTable(
  recorded: Scenario,
  sort: ThreadSort | null,
  top: number,
  style: TextStyle,
): string {
  const arenas = sort === null ? largestFirst(recorded.arenas) : sortArenas(recorded.arenas, sort);
  const count = plural(recorded.arenaCount, "arena");
  const title = heading("Arenas", ` of the recorded run at its end (${count})`, style);
  const table = renderTable(arenaColumns(arenas), splitAtTop(arenas, top), style);
  return [title, table, ...outsideArenas(recorded).flatMap((line) => wrap(line, style.width))].join(
    "\n",
  );
}
