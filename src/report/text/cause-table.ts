import { causeColumns, causeRows } from "../tables/cause-columns.ts";
import type { Presented } from "../wording/presented.ts";
import { heading, type TextStyle } from "./style.ts";
import { renderTable } from "./text-table.ts";

/** Why the memory of the recorded run was resident; null if the log does not show it. */
export function causeTable({ causes }: Presented, style: TextStyle): string | null {
  if (causes === null) {
    return null;
  }
  const rows = causeRows(causes);
  const title = heading("Why it is resident", ": RSS of the recorded run by cause", style);
  return `${title}\n${renderTable(causeColumns(rows), { shown: rows, rest: [] }, style)}`;
}
