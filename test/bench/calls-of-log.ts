import { readFileSync } from "node:fs";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { Action, ActionBatch, LOST_FREE } from "../../src/trace/actions.ts";
import { EventBatch } from "../../src/trace/event.ts";
import { Ledger } from "../../src/trace/ledger/ledger.ts";
import type { EventSink } from "../../src/trace/sink.ts";
import { resolve } from "../support/event-batches.ts";
import { CallsWriter } from "./calls-file.ts";

/** The calls of a log with an effect. The log must have one thread, and end in a newline. */
export function callsOfLog(path: string): CallsWriter {
  const writer = new CallsWriter();
  const bytes = readFileSync(path);
  const sink = new CallsSink(writer);
  new NativeScanner(sink, new Diagnostics()).scan(bytes, bytes.length);
  sink.end();
  return writer;
}

class CallsSink implements EventSink {
  readonly batch = new EventBatch();
  readonly #actions = new ActionBatch();
  readonly #ledger = new Ledger();
  readonly #writer: CallsWriter;

  constructor(writer: CallsWriter) {
    this.#writer = writer;
  }

  advance(): void {
    const { batch } = this;
    const { action, block, lost } = this.#actions;
    // No look-ahead: the lines of one thread are in order.
    resolve({ ledger: this.#ledger, batch, actions: this.#actions, next: null });
    for (let i = 0; i < batch.length; i++) {
      if (action[i] === Action.none) {
        continue;
      }
      if (action[i]! >= LOST_FREE) {
        this.#writer.add(Action.free, lost[i]!);
      }
      this.#writer.add(action[i]! & ~LOST_FREE, block[i]!, batch.size[i]!, batch.align[i]!);
    }
    batch.clear();
  }

  whenReady(): null {
    return null;
  }

  whenEnding(): null {
    return null;
  }

  end(): void {
    this.advance();
  }
}
