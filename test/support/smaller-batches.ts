import { EventBatch } from "../../src/trace/event.ts";
import type { EventSink } from "../../src/trace/sink.ts";

/** Hands batches on in pieces of `most` events at most. */
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
      this.#handOn(head);
      rest = tail;
    }
    this.#handOn(rest);
    this.batch.clear();
  }

  end(): void {
    this.advance();
    this.#sink.end();
  }

  whenReady(): Promise<void> | null {
    return this.#sink.whenReady();
  }

  #handOn(piece: EventBatch): void {
    const { batch } = this.#sink;
    batch.copy(piece, piece.length);
    batch.notes.push(...piece.notes);
    this.#sink.advance();
  }
}
