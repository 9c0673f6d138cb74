import { observedColumns, observedRows } from "../tables/observed-columns.ts";
import type { Presented } from "../wording/presented.ts";
import { heading, type TextStyle, wrap } from "./style.ts";
import { renderTable } from "./text-table.ts";

/** What was measured beside what the model has; null if nothing was measured. */
export function observedTable(
  { report: { observed }, observedNotes, trustsModel }: Presented,
  style: TextStyle,
): string | null {
  if (observed === undefined) {
    return null;
  }
  const rows = observedRows(observed);
  const title = heading("Measured", " beside modelled, resident unless said otherwise", style);
  const table = renderTable(observedColumns(rows, trustsModel), { shown: rows, rest: [] }, style);
  return [title, table, ...observedNotes.flatMap((note) => wrap(note, style.width))].join("\n");
}
