import type {
  ArenaHeap,
  ArenaState,
  BinState,
  HeapChunk,
  MappedChunk,
  ThreadState,
  TrimmedRange,
} from "../../contract/inspection.ts";
import type { Column } from "../../tables/column.ts";
import { byteUnit, count, exact, inUnit } from "../../wording/format.ts";
import { cut, cutMiddle } from "../../wording/shorten.ts";
import { placeText } from "./place-text.ts";

/** Columns of the tables of a moment. Sizes that a debugger prints are exact, in bytes. */

/** A right-aligned column of numbers, with the sum of the rows that are left out. */
function numbers<Row>(
  head: readonly string[],
  rank: number,
  of: (row: Row) => number,
): Column<Row> {
  return {
    head,
    align: "right",
    rank,
    cell: (row) => exact(of(row)),
    rest: (rows) => exact(rows.reduce((sum, row) => sum + of(row), 0)),
  };
}

function text<Row>(head: string, rank: number, cell: (row: Row) => string): Column<Row> {
  return { head: [head], align: "left", rank, cell };
}

function more<Row>(column: Column<Row>): Column<Row> {
  return { ...column, rest: (rows) => `… ${count(rows.length)} more` };
}

export function arenaStateColumns(arenas: readonly ArenaState[]): Column<ArenaState>[] {
  const unit = byteUnit(arenas.map(({ systemBytes }) => systemBytes));
  const bytes = (
    head: readonly string[],
    rank: number,
    of: (arena: ArenaState) => number,
  ): Column<ArenaState> => ({
    ...numbers([...head, unit.name], rank, of),
    cell: (arena) => inUnit(unit, of(arena)),
    rest: (rows) =>
      inUnit(
        unit,
        rows.reduce((sum, arena) => sum + of(arena), 0),
      ),
  });
  return [
    more(text("arena", 0, ({ id, main }) => (main ? `${id} main` : String(id)))),
    text("at", 2, ({ address }) => address ?? ""),
    numbers(["heaps"], 3, ({ heaps }) => heaps.length),
    numbers(["threads"], 4, ({ attached }) => attached.length),
    bytes(["system"], 0, ({ systemBytes }) => systemBytes),
    bytes(["highest"], 11, ({ maxSystemBytes }) => maxSystemBytes),
    bytes(["RSS"], 0, ({ rssBytes }) => rssBytes),
    bytes(["in use"], 0, ({ inUseBytes }) => inUseBytes),
    bytes(["tcache"], 8, ({ free }) => free.tcache),
    bytes(["fast-", "bins"], 9, ({ free }) => free.fastbins),
    bytes(["un-", "sorted"], 5, ({ free }) => free.unsorted),
    bytes(["small", "bins"], 7, ({ free }) => free.smallbins),
    bytes(["large", "bins"], 6, ({ free }) => free.largebins),
    bytes(["top"], 1, ({ free }) => free.top),
  ];
}

export interface HeapRow {
  readonly arena: ArenaState;
  readonly number: number;
  readonly heap: ArenaHeap;
}

export const HEAP_COLUMNS: readonly Column<HeapRow>[] = [
  more(text("arena", 0, ({ arena }) => (arena.main ? `${arena.id} main` : String(arena.id)))),
  text("heap", 0, ({ number }) => String(number)),
  text("kind", 4, ({ heap }) => heap.kind),
  text("begins at", 1, ({ heap }) => heap.address ?? "unknown"),
  numbers(["bytes"], 0, ({ heap }) => heap.bytes),
  numbers(["resident"], 0, ({ heap }) => heap.rssBytes),
  text("top at", 2, ({ arena, number }) =>
    arena.top?.heap === number ? placeText(arena.top) : "",
  ),
  numbers(["top"], 3, ({ arena, number }) => (arena.top?.heap === number ? arena.top.bytes : 0)),
];

export function threadStateColumns(): Column<ThreadState>[] {
  return [
    more({ ...text<ThreadState>("tid", 0, ({ tid }) => String(tid)), align: "right" }),
    {
      ...text<ThreadState>("name", 2, ({ name }) => name ?? ""),
      isName: true,
      fold: { least: 8, to: cutMiddle },
    },
    text("arena", 0, ({ arena }) => (arena === null ? "none" : String(arena))),
    numbers(["cached", "chunks"], 0, ({ cachedChunks }) => cachedChunks),
    numbers(["cached", "bytes"], 0, ({ cachedBytes }) => cachedBytes),
    numbers(["bins"], 3, ({ bins }) => bins.length),
    text("tcache struct at", 1, ({ tcacheStruct }) =>
      tcacheStruct === null ? "" : placeText(tcacheStruct),
    ),
  ];
}

/** Several sizes: a large bin and the unsorted one hold a range. */
function sizes({ leastBytes, mostBytes }: BinState): string {
  return leastBytes === mostBytes ? exact(leastBytes) : `${exact(leastBytes)}–${exact(mostBytes)}`;
}

/** A line of a table of bins. */
export interface BinRow {
  /** null: the line continues the list of the bin above */
  readonly bin: BinState | null;
  readonly chunks: string;
}

/** The bin with the chunks that were asked for. */
export function binRow(bin: BinState): BinRow {
  const more = bin.chunks > bin.first.length ? ["…"] : [];
  return { bin, chunks: [...bin.first.map(placeText), ...more].join(" ") };
}

/** The same with a line for each chunk. */
export function binRows(bin: BinState): BinRow[] {
  return bin.first.map((chunk, i) => ({ bin: i === 0 ? bin : null, chunks: placeText(chunk) }));
}

export function binColumns(): Column<BinRow>[] {
  const ofBin = (
    head: string,
    rank: number,
    align: "left" | "right",
    cell: (bin: BinState) => string,
  ): Column<BinRow> => ({
    ...text<BinRow>(head, rank, ({ bin }) => (bin === null ? "" : cell(bin))),
    align,
  });
  return [
    ofBin("bin", 0, "left", ({ kind, index }) => (kind === "unsorted" ? kind : `${kind} ${index}`)),
    ofBin("size", 0, "right", sizes),
    ofBin("chunks", 0, "right", ({ chunks }) => exact(chunks)),
    ofBin("bytes", 1, "right", ({ bytes }) => exact(bytes)),
    {
      ...text<BinRow>("first chunks", 0, ({ chunks }) => chunks),
      // An address and " …".
      fold: { least: 16, to: cutList },
    },
  ];
}

/** As many whole words as fit, and an ellipsis. */
function cutList(list: string, width: number): string {
  if (list.length <= width) {
    return list;
  }
  const end = list.lastIndexOf(" ", width - 2);
  return end > 0 ? `${list.slice(0, end)} …` : cut(list, width);
}

export function mappedColumns(): Column<MappedChunk>[] {
  return [
    more(text("chunk at", 0, ({ address }) => address ?? "unknown")),
    numbers(["mapped", "bytes"], 0, ({ bytes }) => bytes),
    numbers(["resident"], 0, ({ rssBytes }) => rssBytes),
    numbers(["requested"], 1, ({ requestedBytes }) => requestedBytes),
  ];
}

export function chunkColumns(): Column<HeapChunk>[] {
  return [
    more(text("chunk at", 0, placeText)),
    numbers(["bytes"], 0, ({ bytes }) => bytes),
    text("state", 0, ({ state }) => state),
    {
      head: ["requested"],
      align: "right",
      rank: 1,
      cell: ({ requestedBytes }) => (requestedBytes === null ? "" : exact(requestedBytes)),
    },
    {
      head: ["thread"],
      align: "right",
      rank: 2,
      cell: ({ tid }) => (tid === null ? "" : String(tid)),
    },
  ];
}

export function trimColumns(): Column<TrimmedRange>[] {
  return [
    more(text("call", 0, ({ call }) => call)),
    { ...text<TrimmedRange>("arena", 1, ({ arena }) => String(arena)), align: "right" },
    text("from", 0, placeText),
    numbers(["bytes"], 0, ({ bytes }) => bytes),
    numbers(["of these", "resident"], 0, ({ residentBytes }) => residentBytes),
  ];
}
