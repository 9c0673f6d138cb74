import { splitAtTop } from "../tables/column.ts";
import { processColumns } from "../tables/process-columns.ts";
import { count } from "../wording/format.ts";
import type { Presented } from "../wording/presented.ts";
import { heading, type TextStyle, wrap } from "./style.ts";
import { renderTable } from "./text-table.ts";

/** The processes of a log that has several; null otherwise. */
export function processTable(
  { report: { processes }, processTotals }: Presented,
  top: number,
  style: TextStyle,
): string | null {
  if (processes === undefined) {
    return null;
  }
  const title = heading("Processes", ` by volume (${count(processes.length)} in the log)`, style);
  const table = renderTable(processColumns(processes), splitAtTop(processes, top), style);
  return [title, table, ...(processTotals === null ? [] : wrap(processTotals, style.width))].join(
    "\n",
  );
}
