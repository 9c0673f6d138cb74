import { pipeline } from "node:stream/promises";
import type { EventSink } from "../trace/sink.ts";
import { blocksOfLines } from "./blocks-of-lines.ts";
import { ADDED_NEWLINE, decompressed } from "./decompress.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { LayoutScanner } from "./formats/columns/layout-scanner.ts";
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
 * Reads a native log into `sink` and `diagnostics`: its pieces in order, as one file, except that incomplete compressed
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

  let length = 0;
  const cutAt = new Set<number>();
  async function* text(): AsyncGenerator<string> {
    for (const piece of pieces) {
      const bytes = readPiece(piece, inputs.stdin, onBytes, signal);
      for await (const chunk of decompressed(bytes, piece.name, diagnostics)) {
        const ready = sink.whenReady();
        if (ready !== null) {
          await ready;
        }
        length += chunk.length;
        if (chunk === ADDED_NEWLINE) {
          cutAt.add(length);
        }
        yield chunk.toString("latin1");
      }
    }
  }

  const scanner = new LayoutScanner(sink, diagnostics);
  onStart?.((other, counts) => scanner.preview(other, counts));
  let isComplete = true;
  try {
    await pipeline(text, blocksOfLines(scanner, diagnostics, { cutAt }));
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
