import { EventBatch } from "../../src/trace/event.ts";
import type { EventSink } from "../../src/trace/sink.ts";

/** Passes batches on in pieces of at most `most` events. */
export class SmallerBatches implements EventSink {
  readonly batch = new EventBatch();
  readonly #sink: EventSink;
  readonly #most: number;

  constructor(sink: EventSink, most: number) {
    this.#sink = sink;
    this.#most = most;
  }

  advance(): void {
    let rest = this.batch;
    while (rest.length > this.#most) {
      const [head, tail] = rest.splitAt(this.#most);
      this.#pass(head);
      rest = tail;
    }
    this.#pass(rest);
    this.batch.clear();
  }

  end(): void {
    this.advance();
    this.#sink.end();
  }

  whenReady(): Promise<void> | null {
    return this.#sink.whenReady();
  }

  whenEnding(): null {
    return null;
  }

  #pass(piece: EventBatch): void {
    const { batch } = this.#sink;
    batch.copy(piece, piece.length);
    batch.notes.push(...piece.notes);
    this.#sink.advance();
  }
}
