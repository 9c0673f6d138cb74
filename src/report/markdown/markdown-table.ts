import { type Column, splitAtTop } from "../tables/column.ts";
import { count } from "../wording/format.ts";
import { capped } from "./capped.ts";
import { code, prose } from "./escape.ts";

/** Columns of higher rank are left out: a page shows about a dozen columns without scrolling. */
const MAX_RANK = 5;

/** A Markdown table of the first `top` rows that fit; the last line sums the others. */
export function markdownTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  top: number,
): string {
  const wanted = splitAtTop(rows, top).shown;
  const visible = columns.filter(
    (column) =>
      column.rank === 0 ||
      (column.rank <= MAX_RANK && wanted.some((row) => !isEmpty(column, column.cell(row)))),
  );
  const shown = capped(lines(visible, wanted));
  const rest = rows.slice(shown.length);
  return [
    line(visible.map(({ head }) => head.join(" ").replace("- ", ""))),
    line(visible.map(({ align }) => (align === "left" ? ":--" : "--:"))),
    ...shown,
    ...(rest.length === 0 ? [] : [line(restCells(visible, rest))]),
  ].join("\n");
}

/** 0 is empty in columns of numbers, which are aligned to the right. In others it is a text. */
function isEmpty<Row>({ align }: Column<Row>, cell: string): boolean {
  return cell === "" || (cell === "0" && align === "right");
}

function* lines<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Generator<string> {
  for (const row of rows) {
    yield line(columns.map((column) => (column.isName ? code : prose)(column.cell(row))));
  }
}

/** The sums of the rows left out, or at least their number. */
function restCells<Row>(columns: readonly Column<Row>[], rest: readonly Row[]): string[] {
  return columns.map((column, i) =>
    prose(column.rest?.(rest) ?? (i === 0 ? `… ${count(rest.length)} more` : "")),
  );
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
