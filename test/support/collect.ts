import { pipeline } from "node:stream/promises";
import {
  type BlockScanner,
  blocksOfLines,
  MAX_LINE_BYTES,
} from "../../src/input/blocks-of-lines.ts";
import { ByteBlocks } from "../../src/input/byte-blocks.ts";
import { Diagnostics } from "../../src/input/diagnostics.ts";
import type { GivenShape } from "../../src/input/formats/columns/given-columns.ts";
import { LayoutScanner } from "../../src/input/formats/columns/layout-scanner.ts";
import { NativeScanner } from "../../src/input/formats/native/scanner.ts";
import { EVENTS_PER_BATCH } from "../../src/trace/columns.ts";
import { EventBatch } from "../../src/trace/event.ts";
import type { EventSink } from "../../src/trace/sink.ts";

/** A row of an EventBatch. */
export interface ReadEvent {
  op: number;
  tid: number;
  time: number;
  caller: number;
  size: number;
  align: number;
  pointerIn: number;
  pointerOut: number;
  line: number;
}

export interface ReadNote {
  eventsBefore: number;
  line: number;
  text: string;
}

export interface ReadLog {
  readonly events: ReadEvent[];
  readonly notes: ReadNote[];
  readonly diagnostics: Diagnostics;
}

/** Keeps every event. Two batches alternate, and are poisoned after use: a producer may not rely on old contents. */
export class CollectingSink implements EventSink {
  readonly events: ReadEvent[] = [];
  readonly notes: ReadNote[] = [];
  ends = 0;
  batch = new EventBatch();
  #other = new EventBatch();

  advance(): void {
    const { batch } = this;
    if (this.ends > 0 || batch.length > EVENTS_PER_BATCH) {
      throw new Error("sink misused");
    }
    for (const { at, line, text } of batch.notes) {
      this.notes.push({ eventsBefore: this.events.length + at, line, text });
    }
    for (let i = 0; i < batch.length; i++) {
      this.events.push({
        op: batch.op[i]!,
        tid: batch.tid[i]!,
        time: batch.time[i]!,
        caller: batch.caller[i]!,
        size: batch.size[i]!,
        align: batch.align[i]!,
        pointerIn: batch.pointerIn[i]!,
        pointerOut: batch.pointerOut[i]!,
        line: batch.line[i]!,
      });
    }
    this.batch = this.#other;
    this.#other = batch;
    batch.op.fill(255);
    batch.align.fill(-1);
    batch.size.fill(-1);
    this.batch.clear();
  }

  whenReady(): null {
    return null;
  }

  whenEnding(): null {
    return null;
  }

  end(): void {
    this.advance();
    this.ends++;
  }
}

/** Reads chunks of a log with split2 and the scanner of the native layout, without the file layer. */
export async function scanChunks(
  chunks: readonly Buffer[],
  maxLineBytes = MAX_LINE_BYTES,
): Promise<ReadLog> {
  return scanWith(
    (sink, diagnostics) => new NativeScanner(sink, diagnostics, maxLineBytes),
    chunks,
    maxLineBytes,
  );
}

/** As `scanChunks`, without split2. */
export function scanBytes(chunks: readonly Buffer[], maxLineBytes = MAX_LINE_BYTES): ReadLog {
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  const scanner = new NativeScanner(sink, diagnostics, maxLineBytes);
  const blocks = new ByteBlocks({ scanner, diagnostics, maxLineBytes });
  for (const chunk of chunks) {
    blocks.take(chunk);
  }
  blocks.end();
  sink.end();
  return { events: sink.events, notes: sink.notes, diagnostics };
}

/** As `scanChunks`, with the layout that the log shows, or the user has given. */
export async function scanInferred(
  chunks: readonly Buffer[],
  { maxLineBytes = MAX_LINE_BYTES, given = null }: InferredOptions = {},
): Promise<ReadLog> {
  return scanWith(
    (sink, diagnostics) => new LayoutScanner(sink, diagnostics, maxLineBytes, given),
    chunks,
    maxLineBytes,
  );
}

interface InferredOptions {
  readonly maxLineBytes?: number;
  readonly given?: GivenShape | null;
}

async function scanWith(
  newScanner: (sink: EventSink, diagnostics: Diagnostics) => BlockScanner,
  chunks: readonly Buffer[],
  maxLineBytes: number,
): Promise<ReadLog> {
  const sink = new CollectingSink();
  const diagnostics = new Diagnostics();
  const scanner = newScanner(sink, diagnostics);
  await pipeline(
    chunks.map((chunk) => chunk.toString("latin1")),
    blocksOfLines(scanner, diagnostics, { maxLineBytes }),
  );
  scanner.decide();
  sink.end();
  return { events: sink.events, notes: sink.notes, diagnostics };
}

export async function scanText(text: string): Promise<ReadLog> {
  return scanChunks([Buffer.from(text)]);
}
