/**
 * Batches in columns: parallel typed arrays, a row for each event. A declaration names the columns of one kind of batch
 * and their types. Allocating, copying and reordering all use it, so none of them can leave a column out.
 */

/** Rows of a column, but for copies. */
export const EVENTS_PER_BATCH = 8192;

/** Rows of a column in the memory of a WebAssembly module (core/ of ledger, replay and what-if), and of a batch at most. */
export const MODULE_ROWS = 8192;

/** The kind of memory of a column: shared where another thread reads it. */
export type ColumnMemory = typeof ArrayBuffer | typeof SharedArrayBuffer;

type Column = Uint8Array | Int32Array | Float64Array;

/** The class Uint8Array, Int32Array or Float64Array. */
interface ColumnType {
  new (memory: ArrayBufferLike): Column;
  readonly prototype: Column;
  readonly BYTES_PER_ELEMENT: number;
}

/** The type of each column of one kind of batch, by name. */
export type Declaration<Name extends string = string> = Readonly<Record<Name, ColumnType>>;

export type Columns<Declared extends Declaration> = {
  readonly [Name in keyof Declared]: Declared[Name]["prototype"];
};

/** The names of the declared columns. */
export function columnNames<Name extends string>(declaration: Declaration<Name>): readonly Name[] {
  // A declaration is a literal, so its keys are those of its type.
  return Object.keys(declaration) as Name[];
}

/**
 * A base class whose constructor allocates the declared columns, as own fields in the order of the declaration: all
 * objects of a derived class share one hidden class.
 */
export function columnar<Declared extends Declaration>(
  declaration: Declared,
): new (
  memory?: ColumnMemory,
  rows?: number,
) => Columns<Declared> {
  class Columnar {
    constructor(memory: ColumnMemory = ArrayBuffer, rows = EVENTS_PER_BATCH) {
      for (const [name, Type] of Object.entries(declaration)) {
        const bytes = rows * Type.BYTES_PER_ELEMENT;
        Object.assign(this, { [name]: new Type(new memory(bytes)) });
      }
    }
  }
  // The constructor sets exactly the fields of `Columns`; the compiler cannot derive that from the loop.
  return Columnar as unknown as new (
    memory?: ColumnMemory,
    rows?: number,
  ) => Columns<Declared>;
}

/**
 * Copies `length` rows of the declared columns, from row `start` on, to the rows from `at` on. Pass the rows filled, not the
 * capacity: the first touch of memory costs more than the copy.
 */
export function copyColumns<Name extends string>(
  declaration: Declaration<Name>,
  to: Readonly<Record<NoInfer<Name>, Column>>,
  from: Readonly<Record<NoInfer<Name>, Column>>,
  length: number,
  start = 0,
  at = 0,
): void {
  for (const name of columnNames(declaration)) {
    to[name].set(from[name].subarray(start, start + length), at);
  }
}

/** Copies rows `rows[0..count)` of the declared columns to the same rows of `to`. */
export function copyRows<Name extends string>(
  declaration: Declaration<Name>,
  to: Readonly<Record<NoInfer<Name>, Column>>,
  from: Readonly<Record<NoInfer<Name>, Column>>,
  rows: Int32Array,
  count: number,
): void {
  for (const name of columnNames(declaration)) {
    copyEntries(to[name], from[name], rows, count);
  }
}

function copyEntries(to: Column, from: Column, rows: Int32Array, count: number): void {
  for (let n = 0; n < count; n++) {
    const row = rows[n]!;
    to[row] = from[row]!;
  }
}

/** Reorders rows from, from + 1, … of the declared columns: row from + n gets the values of row from + `order[n]`. */
export function permuteRows<Name extends string>(
  declaration: Declaration<Name>,
  columns: Readonly<Record<NoInfer<Name>, Column>>,
  from: number,
  order: readonly number[],
): void {
  for (const name of columnNames(declaration)) {
    const column = columns[name];
    const before = order.map((row) => column[from + row]!);
    before.forEach((value, n) => {
      column[from + n] = value;
    });
  }
}
