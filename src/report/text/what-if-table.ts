import { type ScenarioRow, scenarioRowColumns, whatIfTitle } from "../tables/scenario-columns.ts";
import type { Presented } from "../wording/presented.ts";
import { groupEqual, lowestRss, sameAs } from "./scenario-rows.ts";
import { heading, type TextStyle, wrap } from "./style.ts";
import { renderTable } from "./text-table.ts";

/**
 * RSS of the recorded run and of every what-if, with notes. Scenarios with equal figures share a line; of more than `top`
 * lines (0: all), those with the lowest RSS are shown.
 */
export function whatIfTable(presented: Presented, top: number, style: TextStyle): string {
  const { report, failing, whatIfNotes } = presented;
  const groups = groupEqual(report.scenarios);
  const rows = lowestRss(groups, top, failing);
  const [title, which] = whatIfTitle(report.scenarios);
  const least = rows.rest.length === 0 ? "" : "; lowest RSS shown";
  const shown: ScenarioRow[] = [...rows.shown, ...(report.unavailable ?? [])];
  const columns = scenarioRowColumns(presented, style.chalk);
  const table = renderTable(columns, { shown, rest: rows.rest }, style);
  const notes = [...sameAs(groups, rows.shown), ...whatIfNotes].flatMap((note) =>
    wrap(note, style.width),
  );
  return [heading(title, `${which}${least}`, style), table, ...notes].join("\n");
}
