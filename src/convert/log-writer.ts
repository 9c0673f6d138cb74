import type { EventBatch } from "../trace/event.ts";
import type { MarkLabels } from "../trace/stated/mark-labels.ts";
import type { Losses } from "./losses.ts";

/** Texts to which numbers in events refer; they grow while the log is read. */
export interface LogTexts {
  /** see trace/stated/caller-names.ts */
  readonly callerNames: readonly string[];
  readonly markLabels: MarkLabels;
}

/** Writes a log in one format. */
export interface LogWriter {
  readonly losses: Losses;
  /** true: the rest of the log adds nothing, and need not be read */
  readonly isDone?: boolean;
  /** Returns the lines of the next batch, each with its newline. */
  write(batch: EventBatch): string;
  /** What stands above all lines, where that is known only once all are written. */
  lateHead?(): string;
}
