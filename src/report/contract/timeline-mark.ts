/** A line mark(label) of the log. */
export interface TimelineMark {
  readonly label: string;
  readonly line: number;
  /** events of the log up to the mark, itself included */
  readonly events: number;
  /** seconds since the log's first event; null: unknown */
  readonly time: number | null;
}
