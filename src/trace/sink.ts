import type { EventBatch } from "./event.ts";

/**
 * Where a decoder puts events. It fills `batch`; when that is full it calls `advance()` and goes on with whatever
 * `batch` then is (two batches alternate, so that a consumer may look one batch ahead). `end()` comes once, last.
 * Between two blocks of a log the reader asks for `room()`, and waits if there is something to wait for.
 */
export interface EventSink {
  readonly batch: EventBatch;
  advance(): void;
  end(): void;
  room(): Promise<void> | null;
}
