import { pipeline } from "node:stream/promises";
import type { EventSink } from "../trace/sink.ts";
import { blocksOfLines } from "./blocks-of-lines.ts";
import { decompressed } from "./decompress.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { NativeScanner } from "./formats/native/scanner.ts";
import { findPieces, type LogInputs, readPiece } from "./source.ts";

export interface ReadProgress {
  /** bytes as they are on disk, compressed ones included as such */
  readonly bytesRead: number;
  /** of all pieces; undefined when the size of one is not known beforehand */
  readonly bytesTotal: number | undefined;
}

export interface ReadOptions {
  /** stops the reading; what was read so far counts */
  readonly signal?: AbortSignal;
  /** called for each chunk read, up to some thousand times a second */
  readonly onProgress?: (progress: ReadProgress) => void;
}

export interface ReadResult extends ReadProgress {
  /** false when `signal` ended the reading */
  readonly isComplete: boolean;
}

/**
 * Reads a native log, its pieces in order as if they were one file (except that compressed data that breaks off also
 * ends the line), and fills `sink` and `diagnostics`. `sink.end()` has been called when the promise resolves, be it at
 * the log's end or because the signal fired; a half line at that moment is left out. The sink runs on this stream's own
 * turns, so that nothing is read faster than it can take.
 * @throws InputError before or while reading, without `sink.end()`; and whatever the sink throws
 */
export async function readLog(
  inputs: LogInputs,
  sink: EventSink,
  diagnostics: Diagnostics,
  { signal, onProgress }: ReadOptions = {},
): Promise<ReadResult> {
  const pieces = await findPieces(inputs.names);
  const bytesTotal = pieces.reduce<number | undefined>(
    (sum, { sizeBytes }) =>
      sum === undefined || sizeBytes === undefined ? undefined : sum + sizeBytes,
    0,
  );
  let bytesRead = 0;
  function onBytes(bytes: number): void {
    bytesRead += bytes;
    onProgress?.({ bytesRead, bytesTotal });
  }

  async function* text(): AsyncGenerator<string> {
    for (const piece of pieces) {
      const bytes = readPiece(piece, inputs.stdin, onBytes, signal);
      for await (const chunk of decompressed(bytes, piece.name, diagnostics)) {
        const ready = sink.whenReady();
        if (ready !== null) {
          await ready;
        }
        yield chunk.toString("latin1");
      }
    }
  }

  let isComplete = true;
  try {
    await pipeline(text, blocksOfLines(new NativeScanner(sink, diagnostics), diagnostics));
  } catch (error) {
    if (!signal?.aborted) {
      throw error;
    }
    isComplete = false;
  }
  sink.end();
  return { bytesRead, bytesTotal, isComplete };
}
