/** How what the program wrote was fitted to measured RSS. */
export interface TouchFit {
  /**
   * 0..1: the written part of every block of 4 KiB or more whose writes the log does not state, from its start; null if
   * nothing that the program may have written makes a difference, so that `touch` stays "facts"
   */
  readonly ratio: number | null;
  /**
   * 0..1: the resident part of the pages that writes to smaller blocks, to those that a library is known to write little of,
   * and those that `# hole` lines state, add to the allocator's own; below 1 only if `ratio` is 0; null where that is
   */
  readonly smallRatio: number | null;
  /**
   * 0..1: the resident part of the pages that libraries are known to leave unwritten, and of those that `# hole` lines state
   * as unwritten; above 0 only if `ratio` is 1; null where that is
   */
  readonly knownRatio: number | null;
  /** the option's size, or the `# rss` lines of the log */
  readonly source: "--observed-rss" | "rss samples";
  /** the measured RSS is below the model's if nothing was written, or above it if everything was; null: neither */
  readonly outside: "below" | "above" | null;
  /** remaining signed errors, (modelled − measured) / measured: the median, and the one farthest from 0 */
  readonly error: { readonly median: number; readonly max: number };
  /** the measured RSS, and the model's there if the program wrote nothing, or everything; null for several samples */
  readonly bounds: {
    readonly measuredBytes: number;
    readonly noneBytes: number;
    readonly allBytes: number;
  } | null;
}
