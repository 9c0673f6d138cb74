/** A column knows its cells, what it says of the rows left out, and how readily it gives way on a narrow terminal. */
export interface Column<Row> {
  /** lines of the head, e.g. name and unit */
  readonly head: readonly string[];
  readonly align: "left" | "right";
  /** its texts are of the log or of whoever ran mallog, not mallog's own: Markdown shows them as code */
  readonly isName?: true;
  /** 0 stays always; of the others, those that say nothing go, and then, for want of space, the highest rank */
  readonly rank: number;
  readonly cell: (row: Row) => string;
  /** the cell of the line that stands for the rows beyond --top; nothing where a sum would say nothing */
  readonly rest?: (rows: readonly Row[]) => string;
  /** colour only; the text is the cell's */
  readonly paint?: (row: Row, text: string) => string;
  /** what is to be said below the table where the column is shown */
  readonly note?: string;
  /** how to make a text narrower, and the width below which the column is rather dropped */
  readonly fold?: { readonly least: number; readonly to: (text: string, width: number) => string };
}

export interface TableRows<Row> {
  readonly shown: readonly Row[];
  /** rows beyond --top, summed up in one last line */
  readonly rest: readonly Row[];
}

/** The first `top` rows and the others; 0 shows all. A rest of one row is shown, as its line takes no more space. */
export function splitAtTop<Row>(rows: readonly Row[], top: number): TableRows<Row> {
  if (top === 0 || rows.length <= top + 1) {
    return { shown: rows, rest: [] };
  }
  return { shown: rows.slice(0, top), rest: rows.slice(top) };
}
