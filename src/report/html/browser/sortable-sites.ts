import { byteUnit, count, inUnit, percent } from "../../wording/format.ts";
import type { AllocationNumber, AllocationRows, AllocationsData } from "../allocations-data.ts";
import { find } from "./dom.ts";
import { type SortableColumn, SortableTable } from "./sortable-table.ts";

/** Rows of a table at first. */
const FIRST_ROWS = 15;

/** What of a call site, or of blocks of one size, was live. */
export interface PickedSite {
  readonly name: string;
  /** bytes at each of `events` */
  readonly live: readonly number[];
  readonly events: readonly number[];
  /** live at the peak of the process */
  readonly atPeak: number;
}

/** The tables by call site and by size: the row chosen in one is no longer chosen in the other. */
export class SiteTables {
  readonly #data: AllocationsData;
  readonly #tables: readonly (SortableTable | null)[];

  /** `onPick`: called with what is chosen; null: nothing is */
  constructor(data: AllocationsData, onPick: (site: PickedSite | null) => void) {
    this.#data = data;
    const all = [
      ["caller", "call site", data.callers],
      ["size", "size", data.sizes],
    ] as const;
    this.#tables = all.map(([id, noun, rows], which) => {
      const table = find(`${id}-table`, HTMLTableElement);
      if (table === null) {
        return null;
      }
      return this.#table(id, noun, rows, table, (row) => {
        this.#tables[1 - which]?.mark(-1);
        onPick(this.#picked(rows, row));
      });
    });
  }

  /** Nothing is chosen any more. */
  clear(): void {
    for (const table of this.#tables) {
      table?.mark(-1);
    }
  }

  #table(
    id: string,
    noun: string,
    rows: AllocationRows,
    table: HTMLTableElement,
    onPick: (row: number) => void,
  ): SortableTable {
    const { name, path, live } = rows;
    const { sorted, ascending } = this.#data;
    return new SortableTable(
      {
        id,
        noun,
        columns: columnsOf(noun, rows),
        texts: name.map((text, i) => `${text} ${path[i] ?? ""}`.toLowerCase()),
        sorted,
        ascending,
        tie: (a, b) => a - b,
        onPick,
        canPick: (row) => live[row] != null,
      },
      table,
      FIRST_ROWS,
    );
  }

  #picked({ name, live, numbers }: AllocationRows, row: number): PickedSite | null {
    const bytes = live[row] ?? null;
    if (bytes === null) {
      return null;
    }
    const { events } = this.#data;
    return { name: name[row] ?? "", live: bytes, events, atPeak: numbers.atPeak[row] ?? 0 };
  }
}

function columnsOf(noun: string, rows: AllocationRows): SortableColumn[] {
  const { name, key, numbers, life } = rows;
  const bytes = (
    column: AllocationNumber,
    head: string,
    group: readonly AllocationNumber[],
  ): SortableColumn => {
    // Columns that a reader compares share a unit.
    const unit = byteUnit(group.flatMap((one) => numbers[one]));
    const value = (i: number): number => numbers[column][i] ?? 0;
    return {
      key: column,
      head: [head, unit.name],
      isText: false,
      cell: (i) => inUnit(unit, value(i)),
      value,
    };
  };
  const counted = (column: AllocationNumber): SortableColumn => ({
    key: column,
    head: [column, ""],
    isText: false,
    cell: (i) => count(numbers[column][i] ?? 0),
    value: (i) => numbers[column][i] ?? 0,
  });
  const temporary = (i: number): number =>
    (numbers.temporary[i] ?? 0) / Math.max(1, numbers.calls[i] ?? 1);
  const held = ["live", "atPeak"] as const;
  const isSize = noun === "size";
  const columns: SortableColumn[] = [
    {
      key: "name",
      head: [noun, ""],
      isText: !isSize,
      startsAscending: true,
      cell: (i) => name[i] ?? "",
      value: (i) => key[i] ?? "",
    },
    bytes("volume", "volume", ["volume"]),
    counted("calls"),
    bytes("live", "live", held),
    bytes("atPeak", "live at the\u00a0peak", held),
    counted("blocks"),
    {
      key: "temporary",
      head: ["temporary", ""],
      isText: false,
      cell: (i) => (temporary(i) === 0 ? "0" : percent(temporary(i))),
      value: temporary,
    },
  ];
  if (life.some((events) => events !== null)) {
    columns.push({
      key: "life",
      head: ["median life", "events"],
      isText: false,
      cell: (i) => {
        const events = life[i] ?? null;
        return events === null ? "" : `≥ ${count(events)}`;
      },
      value: (i) => life[i] ?? -1,
    });
  }
  return columns;
}
