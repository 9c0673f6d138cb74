import type { EventBatch } from "./event.ts";

/**
 * Where a decoder puts events. It fills `batch`; when that is full it calls `advance()` and goes on with whatever
 * `batch` then is (two batches alternate, so that a consumer may look one batch ahead). `end()` comes once, last.
 */
export interface EventSink {
  readonly batch: EventBatch;
  advance(): void;
  end(): void;
}
