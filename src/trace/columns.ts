/**
 * Batches as columns: parallel typed arrays, one row an event. A declaration names the columns of one kind of batch with
 * the type of each; allocating, copying and reordering go through it, so that none of them can leave a column out.
 */

/** rows of every column */
export const EVENTS_PER_BATCH = 8192;

/** What columns lie in: shared memory where another thread reads them. */
export type ColumnMemory = typeof ArrayBuffer | typeof SharedArrayBuffer;

type Column = Uint8Array | Int32Array | Float64Array;

/** Uint8Array, Int32Array or Float64Array itself. */
interface ColumnType {
  new (memory: ArrayBufferLike): Column;
  readonly prototype: Column;
  readonly BYTES_PER_ELEMENT: number;
}

/** The columns of one kind of batch: the type of each by its name. */
export type Declaration<Name extends string = string> = Readonly<Record<Name, ColumnType>>;

export type Columns<Declared extends Declaration> = {
  readonly [Name in keyof Declared]: Declared[Name]["prototype"];
};

/** The names of all columns declared. */
export function columnNames<Name extends string>(declaration: Declaration<Name>): readonly Name[] {
  // A declaration is a literal: it has no keys but those of its type.
  return Object.keys(declaration) as Name[];
}

/**
 * A base class whose objects have the columns declared as fields of their own, set in the order of the declaration, so
 * that all objects of a class derived from it share one hidden class.
 */
export function columnar<Declared extends Declaration>(
  declaration: Declared,
): new (
  memory?: ColumnMemory,
) => Columns<Declared> {
  class Columnar {
    constructor(memory: ColumnMemory = ArrayBuffer) {
      for (const [name, Type] of Object.entries(declaration)) {
        const bytes = EVENTS_PER_BATCH * Type.BYTES_PER_ELEMENT;
        Object.assign(this, { [name]: new Type(new memory(bytes)) });
      }
    }
  }
  // The constructor sets just the fields of `Columns`, which the compiler cannot derive from the loop.
  return Columnar as unknown as new (
    memory?: ColumnMemory,
  ) => Columns<Declared>;
}

/**
 * Copies `length` rows of the columns declared, from row `start` on, to the rows from 0 on. Copies only rows that are
 * filled: to touch memory for the first time costs more than the copying.
 */
export function copyColumns<Name extends string>(
  declaration: Declaration<Name>,
  to: Readonly<Record<NoInfer<Name>, Column>>,
  from: Readonly<Record<NoInfer<Name>, Column>>,
  length: number,
  start = 0,
): void {
  for (const name of columnNames(declaration)) {
    to[name].set(from[name].subarray(start, start + length));
  }
}

/** Copies the rows `rows[0..count)` of the columns declared, each to its own place. */
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

/** Reorders rows from, from + 1, …: row from + n becomes what row from + `order[n]` was. */
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
