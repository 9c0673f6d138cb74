import { pipeline } from "node:stream/promises";
import type { EventSink } from "../trace/sink.ts";
import { blocksOfLines, MAX_LINE_BYTES } from "./blocks-of-lines.ts";
import { ByteBlocks } from "./byte-blocks.ts";
import { BEFORE_BYTES } from "./cut-pointer.ts";
import { ADDED_NEWLINE, decompressed } from "./decompress.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { LayoutScanner } from "./formats/columns/layout-scanner.ts";
import { InputError } from "./input-error.ts";
import { otherFile } from "./not-a-log.ts";
import { findPieces, type LogInputs, readPiece } from "./source.ts";

export interface ReadProgress {
  /** bytes as on disk, before decompression */
  readonly bytesRead: number;
  /** size of all pieces; null if the size of one is unknown */
  readonly bytesTotal: number | null;
}

export interface ReadOptions {
  /** stops reading; the result covers what was read so far */
  readonly signal?: AbortSignal;
  /** called for each chunk read, up to a few thousand times a second */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** called before the first byte is read */
  readonly onStart?: (preview: Preview) => void;
}

/**
 * Reads the lines that wait for the log's layout to show into another sink, as if the log ended there. Returns false if
 * none wait: then the reader's own sink has all that was read.
 */
export type Preview = (sink: EventSink, diagnostics: Diagnostics) => boolean;

export interface ReadResult extends ReadProgress {
  /** false if `signal` stopped the reading */
  readonly isComplete: boolean;
}

/**
 * Reads a log into `sink` and `diagnostics`: its pieces in order, as one file, except that incomplete compressed
 * data also ends the line. When the promise resolves, at the log's end or after an abort, `sink.end()` has been called;
 * an abort drops an incomplete line. The sink runs inside the stream, which therefore never reads ahead of it.
 * @throws InputError before or while reading, without `sink.end()`; and errors of the sink
 */
export async function readLog(
  inputs: LogInputs,
  sink: EventSink,
  diagnostics: Diagnostics,
  { signal, onProgress, onStart }: ReadOptions = {},
): Promise<ReadResult> {
  const pieces = await findPieces(inputs.names, inputs.follows);
  const bytesTotal = pieces.reduce<number | null>(
    (sum, { sizeBytes }) => (sum === null || sizeBytes === null ? null : sum + sizeBytes),
    0,
  );
  let bytesRead = 0;
  function onBytes(bytes: number): void {
    bytesRead += bytes;
    onProgress?.({ bytesRead, bytesTotal });
  }

  async function* readChunks(): AsyncGenerator<Buffer> {
    for (const piece of pieces) {
      const bytes = readPiece(piece, inputs.stdin, onBytes, signal);
      let isFirst = true;
      for await (const chunk of decompressed(bytes, piece.name, diagnostics)) {
        if (isFirst) {
          refuseOtherFile(chunk, piece.name, inputs.given != null);
          isFirst = false;
        }
        const ready = sink.whenReady();
        if (ready !== null) {
          await ready;
        }
        yield chunk;
      }
    }
  }

  const scanner = new LayoutScanner(sink, diagnostics, MAX_LINE_BYTES, inputs.given);
  onStart?.((other, counts) => scanner.preview(other, counts));
  let isComplete = true;
  try {
    await readBlocks(readChunks(), scanner, diagnostics);
  } catch (error) {
    if (!signal?.aborted) {
      throw error;
    }
    isComplete = false;
  }
  scanner.decide();
  await sink.whenEnding();
  sink.end();
  return { bytesRead, bytesTotal, isComplete };
}

/** @throws InputError notALog */
function refuseOtherFile(head: Buffer, path: string, isNamed: boolean): void {
  const file = otherFile(head, isNamed);
  if (file !== null) {
    throw new InputError({ code: "notALog", path, file });
  }
}

/** Hands the lines of a log to the scanner: as text and by split2, until it takes bytes. */
async function readBlocks(
  chunks: AsyncGenerator<Buffer>,
  scanner: LayoutScanner,
  diagnostics: Diagnostics,
): Promise<void> {
  const cutAt = new Set<number>();
  /** the text up to the latest newline, or the last `BEFORE_BYTES` of it, and what follows the newline */
  let before = "";
  let rest = "";
  async function* text(): AsyncGenerator<string> {
    let length = 0;
    while (!(scanner.takesBytes && before.endsWith("\n"))) {
      const { done, value: chunk } = await chunks.next();
      if (done) {
        yield rest;
        rest = "";
        return;
      }
      length += chunk.length;
      if (chunk === ADDED_NEWLINE) {
        cutAt.add(length);
      }
      const held = rest + chunk.toString("latin1");
      // split2 keeps no beginning of a line, which it would not give back.
      const end = held.lastIndexOf("\n") + 1 || held.length;
      rest = held.slice(end);
      const whole = held.slice(0, end);
      before = end < BEFORE_BYTES ? (before + whole).slice(-BEFORE_BYTES) : whole;
      yield whole;
    }
  }
  try {
    await pipeline(text, blocksOfLines(scanner, diagnostics, { cutAt }));
  } catch (error) {
    // It may wait for a silent pipe.
    chunks.return(undefined).catch(() => {});
    throw error;
  }
  const blocks = new ByteBlocks({ scanner, diagnostics, maxLineBytes: MAX_LINE_BYTES }, before);
  blocks.take(Buffer.from(rest, "latin1"));
  for await (const chunk of chunks) {
    blocks.take(chunk, chunk === ADDED_NEWLINE);
  }
  blocks.end();
}
