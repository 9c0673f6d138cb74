import type { Presented } from "../presented.ts";
import { scenarioColumns, whatIfTitle } from "../tables/scenario-columns.ts";
import { groupAlike, leastAtTop, sameAs } from "./alike.ts";
import { heading, type TextStyle, wrap } from "./style.ts";
import { renderTable } from "./text-table.ts";

/**
 * RSS of the run as recorded beside that of every other setting, and how far it rests on assumptions. Settings that come
 * to the same figures share a line; of more than `top` (0: all) those are shown that need least.
 */
export function whatIfTable(presented: Presented, top: number, style: TextStyle): string {
  const { report, failing, whatIfNotes } = presented;
  const groups = groupAlike(report.scenarios);
  const rows = leastAtTop(groups, top, failing);
  const [title, which] = whatIfTitle(report.scenarios);
  const least = rows.rest.length === 0 ? "" : "; those that need least";
  const table = renderTable(scenarioColumns(presented, style.chalk), rows, style);
  const notes = [...sameAs(groups, rows.shown), ...whatIfNotes].flatMap((note) =>
    wrap(note, style.width),
  );
  return [heading(title, `${which}${least}`, style), table, ...notes].join("\n");
}
