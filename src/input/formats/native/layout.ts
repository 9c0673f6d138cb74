/** What a field before or behind the call is. "pid.tid": both, with a point between them. */
export type ColumnRole = "pid" | "tid" | "pid.tid" | "time" | "caller" | "other";

/**
 * What shows a column's role: a word before its values, as in `tid=7`; their form; how they change from line to line; the order
 * of the native format; or the user has said it.
 */
export type ColumnEvidence = "name" | "form" | "values" | "order" | "given";

/** A field before or behind the call. */
export interface Column {
  readonly role: ColumnRole;
  readonly by: ColumnEvidence;
  /** one of `FieldKind`, the usual one */
  readonly kind: number;
  /** of a number without 0x */
  readonly base: 10 | 16;
}

/** What the lines of a log consist of, as far as lines of the native format may differ in it. */
export interface Layout {
  /** the fields before the call; null: `tid [time] [caller]`, of which each line may lack some */
  readonly columns: readonly Column[] | null;
  /** the first fields behind the call and its result */
  readonly after: readonly Column[];
  /** decimals that are meant in a time without a clock: 0 in seconds, 3 in ms, 6 in µs, 9 in ns */
  readonly timeDecimals: 0 | 3 | 6 | 9;
  /** of pointers without 0x */
  readonly pointerBase: 10 | 16;
  /** pids in the first lines; 0: there is no such column */
  readonly processes: number;
  /** more may stand behind the call and its result, after a blank */
  readonly hasTail: boolean;
  /** lines that begin with # are calls, too */
  readonly hasHash: boolean;
  /**
   * ids: thread ids as logged; handles: of any size, as pthread_self() returns them; names: texts; none: there is no such
   * column
   */
  readonly threads: "ids" | "handles" | "names" | "none";
  /** what the lines are wrapped in, outermost first: names of `Wrapper`s */
  readonly wrappers: readonly string[];
  /** the user's regular expression, which has the columns as groups; null: none */
  readonly pattern: string | null;
}

/** The comment with which `mallog convert` begins a log: names of callers could be taken for other columns. */
export const NATIVE_FORMAT = "format native";

export const NATIVE_LAYOUT: Layout = {
  columns: null,
  after: [],
  timeDecimals: 0,
  pointerBase: 16,
  processes: 0,
  hasTail: false,
  hasHash: false,
  threads: "ids",
  wrappers: [],
  pattern: null,
};

export function isNative({ columns, timeDecimals, pointerBase, wrappers }: Layout): boolean {
  return (
    columns === null &&
    wrappers.length === 0 &&
    timeDecimals === NATIVE_LAYOUT.timeDecimals &&
    pointerBase === NATIVE_LAYOUT.pointerBase
  );
}
