import Table from "cli-table3";
import type { Column, Fold, TableRows } from "../tables/column.ts";
import { asciiText } from "../wording/ascii-text.ts";
import { printable } from "../wording/printable.ts";
import { type TextStyle, wrap } from "./style.ts";

const GAP = "  ";

/** cli-table3 needs quadratic time in the rows: long tables are drawn in pieces of equal column widths. */
const ROWS_PER_PIECE = 100;

/** No frame, only a rule below the head. */
const LIGHT = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "─",
  "mid-mid": GAP,
  right: "",
  "right-mid": "",
  middle: GAP,
};

export function renderTable<Row>(
  columns: readonly Column<Row>[],
  { shown, rest }: TableRows<Row>,
  style: TextStyle,
): string {
  const texts = new Map<Column<Row>, string[]>();
  // Before the widths are known: it may be longer.
  const cellText = (text: string) =>
    style.isAsciiOnly ? asciiText(printable(text)) : printable(text);
  for (const column of columns) {
    const cells = shown.map((row) => cellText(column.cell(row)));
    if (rest.length > 0) {
      cells.push(cellText(column.rest?.(rest) ?? ""));
    }
    if (column.rank > 0 && cells.every((cell) => cell === "" || cell === "0")) {
      continue;
    }
    texts.set(column, cells);
  }
  const widths = fitted(texts, style.width);
  const visible = columns.filter((column) => widths.has(column));
  const line = (index: number): string[] =>
    visible.map((column) => {
      const text = texts.get(column)?.[index] ?? "";
      const folded = column.fold?.to(text, widths.get(column) ?? 0) ?? text;
      const row = shown[index];
      if (row === undefined) {
        return style.chalk.dim(folded);
      }
      return column.paint?.(row, folded) ?? folded;
    });
  const lines = Array.from({ length: shown.length + (rest.length > 0 ? 1 : 0) }, (_, i) => line(i));
  const pieces: string[] = [];
  for (let start = 0; start === 0 || start < lines.length; start += ROWS_PER_PIECE) {
    const table = new Table({
      head: start === 0 ? headOf(visible, style) : [],
      chars: LIGHT,
      style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
      colAligns: visible.map((column) => column.align),
      colWidths: visible.map((column) => widths.get(column) ?? null),
    });
    table.push(...lines.slice(start, start + ROWS_PER_PIECE));
    pieces.push(table.toString());
  }
  const notes = visible.flatMap(({ note }) => (note === undefined ? [] : wrap(note, style.width)));
  return [...pieces, ...notes].join("\n").replace(/ +$/gm, "");
}

/** Heads are bottom-aligned: shorter ones get empty lines above. */
function headOf<Row>(columns: readonly Column<Row>[], { chalk }: TextStyle): string[] {
  const height = Math.max(...columns.map((column) => column.head.length));
  return columns.map(({ head }) =>
    [...Array<string>(height - head.length).fill(""), ...head.map((line) => chalk.dim(line))].join(
      "\n",
    ),
  );
}

/** Widths of the columns that fit; columns are folded before one is dropped. */
function fitted<Row>(
  texts: ReadonlyMap<Column<Row>, readonly string[]>,
  width: number,
): Map<Column<Row>, number> {
  const kept = [...texts.keys()].sort((a, b) => a.rank - b.rank);
  for (;;) {
    const widths = new Map(kept.map((column) => [column, naturalWidth(column, texts)]));
    const last = kept.at(-1);
    let excess = GAP.length * (kept.length - 1) - width;
    for (const natural of widths.values()) {
      excess += natural;
    }
    for (const column of kept) {
      const natural = widths.get(column) ?? 0;
      if (column.fold === undefined || excess <= 0) {
        continue;
      }
      const given = Math.min(
        excess,
        Math.max(0, natural - leastWidth(column.fold, last?.rank ?? 0)),
      );
      widths.set(column, natural - given);
      excess -= given;
    }
    if (excess <= 0 || last === undefined || last.rank === 0) {
      return widths;
    }
    kept.pop();
  }
}

/** `highest`: the highest rank of the columns that are left */
function leastWidth({ least, whole }: Fold, highest: number): number {
  return whole !== undefined && highest >= whole.rank ? Math.max(least, whole.width) : least;
}

function naturalWidth<Row>(
  column: Column<Row>,
  texts: ReadonlyMap<Column<Row>, readonly string[]>,
): number {
  const lines = [...column.head, ...(texts.get(column) ?? [])];
  return lines.reduce((widest, line) => Math.max(widest, [...line].length), 1);
}
