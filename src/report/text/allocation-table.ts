import type { Report } from "../contract/report.ts";
import type { ThreadSort } from "../order/sort-threads.ts";
import { allocationsTitle, callerColumns, sizeColumns } from "../tables/allocation-columns.ts";
import { splitAtTop } from "../tables/column.ts";
import { heading, type TextStyle } from "./style.ts";
import { renderTable } from "./text-table.ts";

/** Who allocates, by call site. */
export function callerTable(
  { callers }: Report,
  sort: ThreadSort,
  top: number,
  style: TextStyle,
): string {
  const title = heading("Call sites", ` ${allocationsTitle(sort, callers, "call site")}`, style);
  return `${title}\n${renderTable(callerColumns(callers), splitAtTop(callers, top), style)}`;
}

/** Who allocates, by requested size. */
export function sizeTable(
  { sizes }: Report,
  sort: ThreadSort,
  top: number,
  style: TextStyle,
): string {
  const title = heading("Sizes", ` ${allocationsTitle(sort, sizes, "size")}`, style);
  return `${title}\n${renderTable(sizeColumns(sizes), splitAtTop(sizes, top), style)}`;
}
