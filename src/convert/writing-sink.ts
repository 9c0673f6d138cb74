import { CALL_KINDS, type CallKind, kindOfOp } from "../input/unread-calls.ts";
import { EventBatch, type Op } from "../trace/event.ts";
import type { EventSink } from "../trace/sink.ts";
import type { LogWriter } from "./log-writer.ts";

/** Takes a part of the output. Resolves to false if nobody reads it any more. */
export type WriteText = (text: string) => Promise<boolean>;

/** Smaller parts would be compressed worse. */
const PART_CHARACTERS = 2 ** 20;

/** Hands each batch to a writer, and its lines to the output. The log is read on only once the output has taken them. */
export class WritingSink implements EventSink {
  readonly batch = new EventBatch();
  events = 0;
  /** by kind */
  readonly calls = new Map<CallKind, number>(CALL_KINDS.map((kind) => [kind, 0]));
  readonly #writer: LogWriter;
  readonly #write: WriteText;
  readonly #onGone: () => void;
  readonly #onDone: () => void;
  #text = "";

  /** `onGone`: called when nobody reads the output any more; `onDone`: when the writer needs no more of the log */
  constructor(
    writer: LogWriter,
    write: WriteText,
    { onGone, onDone }: { readonly onGone: () => void; readonly onDone: () => void },
  ) {
    this.#writer = writer;
    this.#write = write;
    this.#onGone = onGone;
    this.#onDone = onDone;
  }

  advance(): void {
    this.events += this.batch.length;
    this.#count();
    this.#text += this.#writer.write(this.batch);
    this.batch.clear();
    if (this.#writer.isDone === true) {
      this.#onDone();
    }
  }

  #count(): void {
    const { op, length } = this.batch;
    for (let i = 0; i < length; i++) {
      // The column holds an Op.
      const kind = kindOfOp(op[i]! as Op);
      if (kind !== null) {
        this.calls.set(kind, (this.calls.get(kind) ?? 0) + 1);
      }
    }
  }

  whenReady(): Promise<void> | null {
    return this.#text.length < PART_CHARACTERS ? null : this.flush();
  }

  whenEnding(): null {
    return null;
  }

  end(): void {
    this.advance();
  }

  /** Hands on what is held back. Call it once more after `end`. */
  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = "";
    if (text !== "" && !(await this.#write(text))) {
      this.#onGone();
    }
  }
}
