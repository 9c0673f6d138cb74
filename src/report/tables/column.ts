/** A column of a table: its cells, its summary of the rows left out, and its place in the order of dropping. */
export interface Column<Row> {
  /** lines of the head, such as name and unit */
  readonly head: readonly string[];
  readonly align: "left" | "right";
  /** the texts come from the log or the command line: Markdown shows them as code */
  readonly isName?: true;
  /** 0: always shown. Other columns are dropped if they are empty or 0 throughout, then by descending rank to fit. */
  readonly rank: number;
  readonly cell: (row: Row) => string;
  /** the cell of the line for the rows beyond --top; absent if they have no meaningful sum */
  readonly rest?: (rows: readonly Row[]) => string;
  /** adds colour to the text of the cell */
  readonly paint?: (row: Row, text: string) => string;
  /** a note below the table if the column is shown */
  readonly note?: string;
  readonly fold?: Fold;
}

/** Makes a text narrower. Widths are in characters. */
export interface Fold {
  /** below it, other columns are dropped */
  readonly least: number;
  /** the width that keeps words whole: rather than go below it, columns of that rank and higher are dropped */
  readonly whole?: { readonly width: number; readonly rank: number };
  readonly to: (text: string, width: number) => string;
}

export interface TableRows<Row> {
  readonly shown: readonly Row[];
  /** rows beyond --top, summed in one last line */
  readonly rest: readonly Row[];
}

/** The first `top` rows and the rest; 0 shows all. A rest of one row is shown: its sum would take the same space. */
export function splitAtTop<Row>(rows: readonly Row[], top: number): TableRows<Row> {
  if (top === 0 || rows.length <= top + 1) {
    return { shown: rows, rest: [] };
  }
  return { shown: rows.slice(0, top), rest: rows.slice(top) };
}
