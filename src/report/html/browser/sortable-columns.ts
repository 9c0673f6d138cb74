import { byteUnit, count, duration, inUnit } from "../../wording/format.ts";
import type { ThreadNumber, ThreadsData } from "../page-data.ts";
import type { SortableColumn } from "./sortable-table.ts";

/** The columns, without those that are empty for all threads. */
export function threadColumns(threads: ThreadsData): SortableColumn[] {
  const { numbers, tid, name, topFrame, arenas, first, last } = threads;
  const bytes = (
    key: ThreadNumber,
    head: string,
    group: readonly ThreadNumber[],
  ): SortableColumn => {
    // Columns that a reader compares share a unit.
    const unit = byteUnit(group.flatMap((one) => numbers[one]));
    return {
      key,
      head: [head, unit.name],
      isText: false,
      cell: (i) => inUnit(unit, numbers[key][i] ?? 0),
      value: (i) => numbers[key][i] ?? 0,
    };
  };
  const counted = (key: ThreadNumber, head: string): SortableColumn => ({
    key,
    head: [head, ""],
    isText: false,
    cell: (i) => count(numbers[key][i] ?? 0),
    value: (i) => numbers[key][i] ?? 0,
  });
  const text = (key: string, of: readonly (string | null)[]): SortableColumn => ({
    key,
    head: [key, ""],
    isText: true,
    cell: (i) => of[i] ?? "?",
    value: (i) => of[i] ?? "",
  });
  const moment = (key: string, of: readonly (number | null)[]): SortableColumn => ({
    key,
    head: [key, ""],
    isText: false,
    cell: (i) => {
      const seconds = of[i] ?? null;
      return seconds === null ? "" : duration(seconds);
    },
    value: (i) => of[i] ?? Number.NEGATIVE_INFINITY,
  });
  const anyNumber = (key: ThreadNumber): boolean => numbers[key].some((value) => value !== 0);
  const any = (of: readonly (string | number | null)[]): boolean =>
    of.some((value) => value !== null && value !== "");
  const held = ["live", "peak", "pinned"] as const;
  const passed = ["freedByOthers", "freedForOthers"] as const;
  const thread: SortableColumn = {
    key: "tid",
    head: ["thread", ""],
    isText: false,
    startsAscending: true,
    cell: (i) => String(tid[i] ?? ""),
    value: (i) => tid[i] ?? 0,
  };
  const columns: (SortableColumn | false)[] = [
    thread,
    any(name) && text("name", name),
    bytes("volume", "volume", ["volume"]),
    counted("calls", "calls"),
    bytes("live", "live", held),
    bytes("peak", "peak\u00a0live", held),
    anyNumber("pinned") && bytes("pinned", "pinned", held),
    counted("blocks", "blocks"),
    any(arenas) && {
      ...text("arenas", arenas),
      value: (i) => Number.parseInt(arenas[i] ?? "", 10),
    },
    anyNumber("freedByOthers") && bytes("freedByOthers", "freed\u00a0by others", passed),
    anyNumber("freedForOthers") && bytes("freedForOthers", "freed\u00a0for others", passed),
    anyNumber("failed") && counted("failed", "failed"),
    any(first) && { ...moment("first", first), startsAscending: true },
    any(last) && moment("last", last),
    any(topFrame) && text("top frame", topFrame),
  ];
  return columns.filter((column) => column !== false);
}
