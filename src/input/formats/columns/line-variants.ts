import type { Column } from "../native/layout.ts";
import { FieldKind, type Fields } from "./fields.ts";

/** Which field of a line is what; −1: it has none. */
export interface FieldPlaces {
  readonly pid: number;
  readonly tid: number;
  /** both, with a point between them */
  readonly pidTid: number;
  readonly time: number;
  readonly caller: number;
  /** the column of each field; −1: none */
  readonly columns: Int8Array;
}

/** Kinds of fields that may stand for each other in a column: a caller is an address or a place in code. */
const CLASS: Readonly<Record<FieldKind, number>> = {
  [FieldKind.text]: 0,
  [FieldKind.number]: 1,
  [FieldKind.hex]: 1,
  [FieldKind.place]: 1,
  [FieldKind.fraction]: 2,
  [FieldKind.clock]: 3,
};
const CLASSES = 4;
const CLASS_OF = Uint8Array.from({ length: 6 }, (_, kind) => CLASS[kind as FieldKind] ?? 0);

/** Hostile lines have any number of forms. */
const MAX_VARIANTS = 256;

/** The forms of the first `count` fields as a number: a digit for each, and their count. */
export function formOf({ kinds }: Fields, count: number): number {
  let form = 1;
  for (let at = 0; at < count; at++) {
    form = form * CLASSES + CLASS_OF[kinds[at]!]!;
  }
  return form;
}

/**
 * Finds what the fields of a line are. Most lines of a log have the same fields as its columns. Others have fewer, as they
 * lack the caller, or more: their fields are those columns that they fit, in order. A line without its thread fits none.
 */
export class LineVariants {
  readonly #columns: readonly Column[];
  readonly #known = new Map<number, FieldPlaces | null>();
  #lastForm = 0;
  #last: FieldPlaces | null = null;

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
  }

  /** Null: the fields are not those of a line of the log. */
  find(fields: Fields): FieldPlaces | null {
    const form = formOf(fields, fields.count);
    if (form === this.#lastForm) {
      return this.#last;
    }
    let places = this.#known.get(form);
    if (places === undefined) {
      places = this.#align(fields);
      if (this.#known.size < MAX_VARIANTS) {
        this.#known.set(form, places);
      }
    }
    this.#lastForm = form;
    this.#last = places;
    return places;
  }

  /** True if the first `count` fields of a line are the first columns. */
  begins(fields: Fields, count: number): boolean {
    return (
      count > 0 &&
      count <= this.#columns.length &&
      this.#columns.slice(0, count).every((column, at) => fits(column, fields.kinds[at]!))
    );
  }

  #align({ kinds, count }: Fields): FieldPlaces | null {
    const columns = this.#columns;
    const found = new Int8Array(count).fill(-1);
    if (count === columns.length) {
      if (!columns.every((column, at) => column.role === "other" || fits(column, kinds[at]!))) {
        return null;
      }
      return placesOf(
        columns,
        found.map((_, at) => at),
      );
    }
    let field = 0;
    for (let at = 0; at < columns.length && field < count; ) {
      const column = columns[at]!;
      if (fits(column, kinds[field]!)) {
        found[field++] = at++;
      } else if (count - field > columns.length - at && kinds[field] !== FieldKind.number) {
        field++;
      } else {
        at++;
      }
    }
    if (found.some((column, at) => column < 0 && kinds[at] === FieldKind.number)) {
      // The line has a form of its own, in which other numbers may be ids.
      return null;
    }
    const places = placesOf(columns, found);
    const hasAll = columns.every(({ role }) => {
      switch (role) {
        case "tid":
          return places.tid >= 0;
        case "pid":
          return places.pid >= 0;
        case "pid.tid":
          return places.pidTid >= 0;
        default:
          return true;
      }
    });
    return hasAll ? places : null;
  }
}

function fits({ role, kind }: Column, found: number): boolean {
  const [own, other] = [CLASS_OF[kind]!, CLASS_OF[found]!];
  const isPlain = (one: number): boolean => one === 1 || one === 2;
  switch (role) {
    case "time":
      return own === other || (isPlain(own) && isPlain(other));
    case "caller":
      return other < 2;
    case "pid":
    case "tid":
      return kind === found;
    default:
      return own === other;
  }
}

/** Where the fields of each role are. `found`: for each field its column. */
export function placesOf(columns: readonly Column[], found: Int8Array): FieldPlaces {
  const at = (role: Column["role"]): number =>
    found.findIndex((column) => columns[column]?.role === role);
  return {
    pid: at("pid"),
    tid: at("tid"),
    pidTid: at("pid.tid"),
    time: at("time"),
    caller: at("caller"),
    columns: found,
  };
}
