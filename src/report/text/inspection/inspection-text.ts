import type {
  BinState,
  HeapState,
  InspectedMoment,
  Inspection,
  MallocParameters,
} from "../../contract/inspection.ts";
import { type Column, splitAtTop } from "../../tables/column.ts";
import {
  type ByteUnit,
  byteUnit,
  count,
  duration,
  exact,
  plural,
  size,
} from "../../wording/format.ts";
import type { Sentence } from "../../wording/presented.ts";
import { printable } from "../../wording/printable.ts";
import { heading, item, type TextStyle, wrap } from "../style.ts";
import { renderTable } from "../text-table.ts";
import { heapMapLines, MAP_KEY, mapTitle } from "./heap-map-lines.ts";
import {
  arenaStateColumns,
  binColumns,
  binRow,
  binRows,
  chunkColumns,
  HEAP_COLUMNS,
  mappedColumns,
  threadStateColumns,
  trimColumns,
} from "./inspected-tables.ts";

/** A range of RSS below this part of it is not printed. */
const NOTABLE_RANGE = 0.05;

/** How `inspect` prints a moment. */
export interface InspectionStyle extends TextStyle {
  /** rows of a table; 0: all */
  readonly top: number;
  readonly bins: boolean;
  readonly map: boolean;
  /** the only arena shown; null: all */
  readonly arena: number | null;
}

/** The heap at a moment for people. `evidence`: how far the log supports it. */
export function inspectionText(
  inspection: Inspection,
  evidence: readonly Sentence[],
  style: InspectionStyle,
): string {
  const { heap } = inspection;
  const sections = [
    summary(inspection, evidence, style),
    arenas(heap, style),
    ...(style.bins ? bins(heap, style) : []),
    threads(heap, style),
    ...(style.bins ? threadBins(heap, style) : []),
    mapped(heap, style),
    parameters(heap.parameters, style),
    ...(style.map ? maps(heap, style) : []),
    ...chunks(heap, style),
    trim(heap, style),
  ];
  return `${sections.filter((section) => section !== null).join("\n\n")}\n`;
}

function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: InspectionStyle,
): string {
  return renderTable(columns, splitAtTop(rows, style.top), style);
}

function summary(
  { moment, heap }: Inspection,
  evidence: readonly Sentence[],
  style: InspectionStyle,
): string {
  const unit = byteUnit([heap.rssBytes, heap.systemBytes, heap.inUseBytes]);
  const whole = style.arena === null ? "" : "The whole process: ";
  const lines = [
    `${whole}RSS ${size(heap.rssBytes, unit)}${range(heap, unit)}; ${size(heap.systemBytes, unit)} from the kernel; ${size(heap.inUseBytes, unit)} in use.`,
    ...(heap.unloggedBytes === 0
      ? []
      : [`${size(heap.unloggedBytes)} more in use were allocated outside the log.`]),
    ...evidence.map(({ text }) => printable(text)),
    addresses(heap),
  ];
  return [
    heading("Heap", ` ${momentText(moment)}`, style),
    ...lines.flatMap((line) => wrap(line, style.width)),
  ].join("\n");
}

/** Nothing if what the program wrote of its blocks hardly matters. */
function range({ rssRange: { noneBytes, allBytes } }: HeapState, unit: ByteUnit): string {
  return allBytes - noneBytes <= NOTABLE_RANGE * allBytes
    ? ""
    : ` (${size(noneBytes, unit)} if the program wrote none of its blocks, ${size(allBytes, unit)} if all)`;
}

/** "at mark:warm, after line 1,500 (1,498 events, 12.5 s after the first)" */
function momentText({ asked, events, line, time, marks }: InspectedMoment): string {
  const after = time === null ? "" : `, ${duration(time)} after the first`;
  const others =
    marks === null || marks.count === 1
      ? ""
      : `; the first of ${count(marks.count)} such marks, the next in line ${exact(marks.lines[1] ?? 0)}`;
  return `${askedText(asked, line)} (${plural(events, "event")}${after}${others})`;
}

/** "at mark:warm, after line 1,500"; "after line 1,500" where that is what was asked for. */
function askedText(asked: string, line: number | null): string {
  switch (asked.trim().toLowerCase()) {
    case "end":
      return "at the log's end";
    case "peak":
      return "at the peak of RSS";
  }
  if (line === null) {
    return `at ${printable(asked)}`;
  }
  const after = `after line ${exact(line)}`;
  const typed = asked.trim().replace(/^line:/, "");
  return Number(typed) === line ? after : `at ${printable(asked)}, ${after}`;
}

function addresses({ addresses: which, arenas: all }: HeapState): string {
  const unknown = all.some(({ heaps }) => heaps.some(({ address }) => address === null));
  const cut = which === "cut" ? "Addresses are the low 32 bits, as in the log; they" : "Addresses";
  const offsets = unknown
    ? " Where the log does not show where a heap lies, offsets in it stand for addresses."
    : "";
  return `${cut} are of chunks, whose blocks begin 16 bytes above.${offsets}`;
}

function arenas({ arenas: all, arenaCount }: HeapState, style: InspectionStyle): string {
  const rows = all.flatMap((arena) => arena.heaps.map((heap, number) => ({ arena, number, heap })));
  return [
    style.arena === null
      ? heading("Arenas", ` (${count(all.length)})`, style)
      : heading(`Arena ${style.arena}`, ` (of ${count(arenaCount)})`, style),
    table(arenaStateColumns(all), all, style),
    "",
    heading(`Heaps${ofArena(style)}`, ` (${count(rows.length)})`, style),
    table(HEAP_COLUMNS, rows, style),
  ].join("\n");
}

function ofArena({ arena }: InspectionStyle): string {
  return arena === null ? "" : ` of arena ${arena}`;
}

function bins({ arenas: all }: HeapState, style: InspectionStyle): string[] {
  const empty = all.filter(({ bins: lists }) => lists.length === 0);
  const sections = all
    .filter(({ bins: lists }) => lists.length > 0)
    .map(({ id, bins: lists }) => {
      const title = heading(`Bins of arena ${id}`, ", each from its head along fd", style);
      return [title, everyBin(lists, style)].join("\n");
    });
  if (empty.length === 0) {
    return sections;
  }
  const ids = empty.map(({ id }) => String(id)).join(", ");
  const which = `No bin of arena${empty.length === 1 ? "" : "s"} ${ids} holds a chunk.`;
  return [...sections, wrap(which, style.width).join("\n")];
}

function threadBins({ threads: all }: HeapState, style: InspectionStyle): string[] {
  return all
    .filter(({ bins: lists }) => lists.length > 0)
    .map(({ tid, name, bins: lists }) => {
      const named = name === null ? "" : `, ${printable(name)}`;
      const title = heading(`Tcache of thread ${tid}`, `${named}, each bin from its head`, style);
      return [title, everyBin(lists, style)].join("\n");
    });
}

/** --top limits the chunks of a bin, not the bins. All chunks have a line each; of some, a line has as many as fit. */
function everyBin(lists: readonly BinState[], style: InspectionStyle): string {
  const shown = style.top === 0 ? lists.flatMap(binRows) : lists.map(binRow);
  return renderTable(binColumns(), { shown, rest: [] }, style);
}

function threads({ threads: all }: HeapState, style: InspectionStyle): string | null {
  if (all.length === 0) {
    return null;
  }
  const largest = [...all].sort((a, b) => b.cachedBytes - a.cachedBytes);
  const title = heading(
    `Threads${ofArena(style)}`,
    ` and their tcaches (${count(all.length)})`,
    style,
  );
  return [title, table(threadStateColumns(), largest, style)].join("\n");
}

function mapped({ mapped: { blocks, bytes, chunks: all } }: HeapState, style: InspectionStyle) {
  if (blocks === 0) {
    return null;
  }
  const title = heading(
    `Mapped one by one${style.arena === null ? "" : ", outside arenas"}`,
    ` (${plural(blocks, "block")}, ${size(bytes)})`,
    style,
  );
  return [title, table(mappedColumns(), all, style)].join("\n");
}

function parameters(par: MallocParameters, style: InspectionStyle): string {
  const dynamic = par.isDynamic ? "adapted when mapped blocks are freed" : "fixed by a setting";
  return [
    heading("Parameters", " (mp_), in bytes", style),
    item(
      `mmap_threshold ${exact(par.mmapThreshold)}, trim_threshold ${exact(par.trimThreshold)} (${dynamic}); top_pad ${exact(par.topPad)}`,
      style,
    ),
    item(
      `tcache: ${tcacheLimits(par)}; fastbins: ${par.maxFast === 0 ? "none" : `chunks of up to ${exact(par.maxFast)}`}`,
      style,
    ),
    item(
      `arena_max ${par.arenaMax === 0 ? "not set" : exact(par.arenaMax)}; mmap_max ${exact(par.mmapMax)}`,
      style,
    ),
  ].join("\n");
}

function tcacheLimits({ tcacheCount, tcacheMaxBytes }: MallocParameters): string {
  return tcacheCount === 0
    ? "none"
    : `${plural(tcacheCount, "chunk")} of up to ${exact(tcacheMaxBytes)} in a bin`;
}

function maps({ arenas: all }: HeapState, style: InspectionStyle): string[] {
  const drawn = all.flatMap(({ id, heaps }) =>
    heaps.map((heap, number) =>
      [
        heading(`Pages of arena ${id}, heap ${number}`, ` (${mapTitle(heap.map)})`, style),
        ...heapMapLines(heap, style),
      ].join("\n"),
    ),
  );
  return [wrap(MAP_KEY, style.width).join("\n"), ...drawn];
}

function chunks({ arenas: all }: HeapState, style: InspectionStyle): string[] {
  return all.flatMap(({ id, heaps }) =>
    heaps.flatMap(({ chunks: list }, number) => {
      if (list === null) {
        return [];
      }
      const title = heading(
        `Chunks of arena ${id}, heap ${number}`,
        ` by address (${count(list.length)})`,
        style,
      );
      return [[title, table(chunkColumns(), list, style)].join("\n")];
    }),
  );
}

function trim({ trim: ranges }: HeapState, style: InspectionStyle): string | null {
  if (ranges === null) {
    return null;
  }
  const where = ofArena(style);
  if (ranges.length === 0) {
    return heading("malloc_trim(0)", ` would return nothing${where}.`, style);
  }
  const resident = ranges.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
  const title = heading(
    "malloc_trim(0)",
    ` would return ${size(resident)} of resident memory${where}, in ${plural(ranges.length, "call")}`,
    style,
  );
  return [title, table(trimColumns(), ranges, style)].join("\n");
}
