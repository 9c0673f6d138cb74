import { type Columns, columnNames, type Declaration } from "../../src/trace/columns.ts";

/** Fills `length` rows of every column declared with values of which no two are equal. */
export function distinct<Declared extends Declaration, Batch extends Columns<Declared>>(
  declaration: Declared,
  batch: Batch,
  length: number,
): Batch {
  const columns: Columns<Declared> = batch;
  for (const [n, name] of columnNames(declaration).entries()) {
    for (let row = 0; row < length; row++) {
      columns[name]![row] = 1 + n * length + row;
    }
  }
  return batch;
}

/** The first `length` rows, each with its values in the order of the declaration. */
export function rowsOf<Declared extends Declaration>(
  declaration: Declared,
  columns: Columns<Declared>,
  length: number,
): number[][] {
  return Array.from({ length }, (_, row) =>
    columnNames(declaration).map((name) => columns[name]![row]!),
  );
}
