/** What a field before the call is. */
export type ColumnRole = "pid" | "tid" | "time" | "caller" | "other";

/** A field before the call: text without blanks or brackets, perhaps with `name=` before it or punctuation after it. */
export interface Column {
  readonly role: ColumnRole;
  /** of a number without 0x */
  readonly base: 10 | 16;
  /** `name=` stands before the value */
  readonly isNamed: boolean;
  /** a time with a date and a T before it, which are not read: the log's clock counts days itself */
  readonly isDated: boolean;
}

/** What the lines of a log consist of, as far as lines of the native format may differ in it. */
export interface Layout {
  /** the fields before the call; null: `tid [time] [caller]`, of which each line may lack some */
  readonly columns: readonly Column[] | null;
  /** decimals that are meant in a time without a clock: 0 in seconds, 3 in ms, 6 in µs, 9 in ns */
  readonly timeDecimals: 0 | 3 | 6 | 9;
  /** of pointers without 0x */
  readonly pointerBase: 10 | 16;
  /** pids in the first lines; 0: there is no such column */
  readonly processes: number;
  /** more stands behind the call and its result, after a blank; it is not read */
  readonly hasTail: boolean;
  /** ids: thread ids as logged; handles: of any size, as pthread_self() returns them; none: there is no such column */
  readonly threads: "ids" | "handles" | "none";
}

export const NATIVE_LAYOUT: Layout = {
  columns: null,
  timeDecimals: 0,
  pointerBase: 16,
  processes: 0,
  hasTail: false,
  threads: "ids",
};

export function isNative({
  columns,
  timeDecimals,
  pointerBase,
  hasTail,
  threads,
}: Layout): boolean {
  return (
    columns === null &&
    timeDecimals === NATIVE_LAYOUT.timeDecimals &&
    pointerBase === NATIVE_LAYOUT.pointerBase &&
    hasTail === NATIVE_LAYOUT.hasTail &&
    threads === NATIVE_LAYOUT.threads
  );
}
