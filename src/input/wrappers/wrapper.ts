/** Something that programs put around each line of a log, and that is taken off before the line is read. */
export interface Wrapper extends Unwrapping {
  /** True if the line has it. */
  wraps(line: string): boolean;
}

export interface Unwrapping {
  /** as in `trace.layout` of the report */
  readonly name: string;
  /**
   * Writes what `bytes[start, end)` holds, without newlines, to `out` at `at`: at most twice the bytes of the line. Returns the index
   * behind it. A line without it is written as it is. With `withTime` the wrapper's own time stands before it.
   */
  unwrap(
    bytes: Buffer,
    start: number,
    end: number,
    out: Buffer,
    at: number,
    withTime: boolean,
  ): number;
}
