import type { EventBatch } from "./event.ts";

/**
 * Takes the events of a log. The decoder fills `batch`; when that is full it calls `advance()` and goes on with the batch
 * that `batch` is then (two alternate, so that the sink may look one batch ahead). It calls `end()` once, last.
 * Between two blocks of the log the reader calls `whenReady()`: null, or a promise to wait for before it reads on. Before
 * `end()` it may call `whenEnding()` and wait likewise.
 */
export interface EventSink {
  readonly batch: EventBatch;
  advance(): void;
  end(): void;
  whenReady(): Promise<void> | null;
  whenEnding(): Promise<void> | null;
}

/** Gives the sink copies of the batches, as if the log had no others. */
export function feedCopies(sink: EventSink, batches: readonly EventBatch[]): void {
  for (const one of batches) {
    sink.batch.copy(one, one.length);
    sink.batch.notes.push(...one.notes);
    sink.advance();
  }
  sink.end();
}
