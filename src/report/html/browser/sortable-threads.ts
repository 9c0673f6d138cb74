import type { ThreadsData } from "../page-data.ts";
import { threadColumns } from "./sortable-columns.ts";
import { SortableTable } from "./sortable-table.ts";

/** Every thread of the log, sortable by column, filtered by tid, name and top frame. */
export function threadTable(threads: ThreadsData, table: HTMLTableElement): void {
  const { tid, name, topFrame, sort } = threads;
  new SortableTable(
    {
      id: "thread",
      noun: "thread",
      columns: threadColumns(threads),
      texts: tid.map((id, i) => `${id} ${name[i] ?? ""} ${topFrame[i] ?? ""}`.toLowerCase()),
      sorted: sort.key,
      ascending: sort.ascending,
      tie: (a, b) => (tid[a] ?? 0) - (tid[b] ?? 0),
      onPick: null,
      canPick: () => false,
    },
    table,
  );
}
