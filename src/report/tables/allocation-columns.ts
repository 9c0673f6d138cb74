import type { AllocationFigures, CallerSummary, SizeSummary } from "../contract/report.ts";
import type { ThreadSort } from "../order/sort-threads.ts";
import { callerLabel } from "../wording/caller-label.ts";
import { byteUnit, count, exact, inUnit, percent } from "../wording/format.ts";
import { cutMiddle } from "../wording/shorten.ts";
import type { Column } from "./column.ts";

/** "by volume (86 call sites)" */
export function allocationsTitle(
  { key, ascending }: ThreadSort,
  rows: readonly AllocationFigures[],
  noun: string,
): string {
  const known = rows.filter(({ merged }) => !merged).length;
  const more = known < rows.length ? "the largest " : "";
  const by = key === "tid" ? "volume" : key;
  const order = `by ${by}${ascending ? ", ascending" : ""}`;
  return `${order} (${more}${count(known)} ${noun}${known === 1 ? "" : "s"})`;
}

/** Ranks give the order of dropping: 8 first, 0 never. */
export function callerColumns(callers: readonly CallerSummary[]): Column<CallerSummary>[] {
  return [
    {
      head: ["call site"],
      align: "left",
      isName: true,
      rank: 0,
      cell: callerLabel,
      rest: (rows) => `… ${count(rows.length)} more`,
      fold: { least: 26, to: cutMiddle },
    },
    ...figureColumns(callers),
    {
      head: ["median life", "in events"],
      align: "right",
      rank: 6,
      cell: ({ medianLifetimeEvents: events }) => (events === null ? "" : `≥ ${count(events)}`),
    },
  ];
}

export function sizeColumns(sizes: readonly SizeSummary[]): Column<SizeSummary>[] {
  return [
    {
      head: ["requested", "bytes"],
      align: "right",
      rank: 0,
      cell: ({ size }) => (size === null ? "all others" : exact(size)),
      rest: (rows) => `… ${count(rows.length)} more`,
    },
    ...figureColumns(sizes),
  ];
}

function figureColumns<Row extends AllocationFigures>(rows: readonly Row[]): Column<Row>[] {
  const volume = byteUnit(rows.map(({ volumeBytes }) => volumeBytes));
  // Columns that a reader compares share a unit.
  const held = byteUnit(
    rows.flatMap((row) => [row.liveBytes, row.liveAtPeakBytes, row.pinnedBytes]),
  );
  const sum = (from: readonly Row[], of: (row: Row) => number): number =>
    from.reduce((total, row) => total + of(row), 0);
  const column = (
    head: readonly string[],
    rank: number,
    of: (row: Row) => number,
    text: (value: number) => string,
  ): Column<Row> => ({
    head,
    align: "right",
    rank,
    cell: (row) => text(of(row)),
    rest: (hidden) => text(sum(hidden, of)),
  });
  return [
    column(
      ["volume", volume.name],
      0,
      ({ volumeBytes }) => volumeBytes,
      (bytes) => inUnit(volume, bytes),
    ),
    column(["calls"], 1, ({ calls }) => calls, count),
    column(
      ["live", held.name],
      0,
      ({ liveBytes }) => liveBytes,
      (bytes) => inUnit(held, bytes),
    ),
    column(
      ["live at", "the peak", held.name],
      2,
      ({ liveAtPeakBytes }) => liveAtPeakBytes,
      (bytes) => inUnit(held, bytes),
    ),
    column(
      ["pinned", held.name],
      5,
      ({ pinnedBytes }) => pinnedBytes,
      (bytes) => inUnit(held, bytes),
    ),
    column(["blocks"], 4, ({ liveBlocks }) => liveBlocks, count),
    {
      head: ["tempo-", "rary"],
      align: "right",
      rank: 3,
      cell: ({ temporaryCalls, calls }) => shareOf(temporaryCalls, calls),
      rest: (hidden) =>
        shareOf(
          sum(hidden, ({ temporaryCalls }) => temporaryCalls),
          sum(hidden, ({ calls }) => calls),
        ),
      note: "Temporary: freed or resized before its thread had allocated more than 16 others.",
    },
  ];
}

function shareOf(part: number, whole: number): string {
  return part === 0 ? "0" : percent(part / whole);
}
