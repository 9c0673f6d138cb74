import { on } from "node:events";
import { Worker } from "node:worker_threads";
import type { Diagnostics } from "../../input/diagnostics.ts";
import type { GivenShape } from "../../input/formats/columns/given-columns.ts";
import { InputError } from "../../input/input-error.ts";
import { bytesOf, isPipe, sizeOf } from "../../input/open-file.ts";
import {
  type ReadOptions,
  type ReadProgress,
  type ReadResult,
  readLog,
} from "../../input/read-log.ts";
import { findPieces, type Piece } from "../../input/source.ts";
import type { EventColumns } from "../../trace/event.ts";
import type { EventSink } from "../../trace/sink.ts";
import type { StandardInput } from "../analysis-hooks.ts";
import { type FirstBytes, firstBytes } from "./first-bytes.ts";
import {
  DONE_AT_ONCE,
  type Filled,
  type Request,
  type Response,
  type Task,
} from "./reading-messages.ts";

/** A shorter log is read before another thread has started. */
const SHORT_BYTES = 2 ** 20;

/** Paths of the log's pieces, `-` for standard input. */
interface Inputs {
  readonly names: readonly string[];
  readonly stdin: StandardInput;
  /** the last piece is read as it grows; only in this thread */
  readonly follows?: boolean;
  /** what the user says of the lines; null: the first lines show it */
  readonly given?: GivenShape | null;
}

/**
 * Reads a log like `readLog`, in another thread if the log is long: that thread decodes the next batch while this one
 * replays a batch. `worker` is its code; null if there is no core for it.
 * @throws as readLog; and Error, the worker has failed
 */
export async function readInWorker(
  worker: URL | null,
  { names, stdin, follows = false, given = null }: Inputs,
  sink: EventSink,
  diagnostics: Diagnostics,
  options: ReadOptions,
): Promise<ReadResult> {
  const readHere = (from: AsyncIterable<Buffer>): Promise<ReadResult> =>
    readLog({ names, stdin: from, follows, given }, sink, diagnostics, options);
  if (worker === null) {
    return readHere(stdin);
  }
  const pieces = await findPieces(names);
  const isAsked = pieces.some(({ name }) => name === "-");
  // Only this thread can read a terminal, or an input that is no file.
  if (isAsked && (stdin.fd === undefined || stdin.isTTY)) {
    return readHere(stdin);
  }
  let head: Uint8Array = Buffer.alloc(0);
  // After other pieces it must not be read yet.
  if (pieces.length === 1 && isAsked && stdin.fd !== undefined && isPipe(stdin.fd)) {
    const first = await beginning(stdin.fd, options);
    if (first.isAll) {
      return readHere(first.whole);
    }
    head = first.head;
  } else if (bytesAtLeast(pieces, stdin) < SHORT_BYTES) {
    return readHere(stdin);
  }
  return receive(startWorker(worker, { names, given, head }), sink, diagnostics, options);
}

/** Returns the least number of bytes to read; Infinity if only reading shows it. */
function bytesAtLeast(pieces: readonly Piece[], { fd }: StandardInput): number {
  const sizes = pieces.map(({ name, sizeBytes }) =>
    name === "-" && fd !== undefined ? sizeOf(fd) : sizeBytes,
  );
  return sizes.reduce<number>((sum, size) => sum + (size ?? Number.POSITIVE_INFINITY), 0);
}

/** Reads the first bytes of standard input. The worker reads the rest and closes it. */
async function beginning(fd: number, { signal, onProgress }: ReadOptions): Promise<FirstBytes> {
  const here = new AbortController();
  const stop = (): void => here.abort();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) {
    stop();
  }
  try {
    return await firstBytes(bytesOf(fd, here.signal), SHORT_BYTES, (bytesRead) =>
      onProgress?.({ bytesRead, bytesTotal: null }),
    );
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function startWorker(code: URL, task: Task): Worker {
  return new Worker(code, {
    workerData: task,
    // Blocks of the log are short-lived strings: in a small young generation they stay in the processor's cache.
    resourceLimits: { maxYoungGenerationSizeMb: 1 },
    // Standard input belongs to the process, not to the worker.
    trackUnmanagedFds: false,
  });
}

async function receive(
  worker: Worker,
  sink: EventSink,
  diagnostics: Diagnostics,
  { signal, onProgress }: ReadOptions,
): Promise<ReadResult> {
  const send = (request: Request): void => worker.postMessage(request);
  const stop = (): void => send({ kind: "stop" });
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) {
    stop();
  }
  try {
    const buffers: EventColumns[] = [];
    const done: number[] = [];
    const take = ({ slot, length, notes }: Filled): void => {
      sink.batch.copy(buffers[slot]!, length);
      sink.batch.notes.push(...notes);
    };
    let progress: ReadProgress = { bytesRead: 0, bytesTotal: null };
    const messages: AsyncIterable<Response[]> = on(worker, "message", { close: ["exit"] });
    for await (const [response] of messages) {
      if (response === undefined) {
        break;
      }
      switch (response.kind) {
        case "buffer":
          buffers[response.slot] = response.columns;
          break;
        case "batch": {
          const ready = sink.whenReady();
          if (ready !== null) {
            await ready;
          }
          // The batches that have been sent since are left out: a signal must take effect at once.
          if (signal?.aborted) {
            await sink.whenEnding();
            sink.end();
            return { ...progress, isComplete: false };
          }
          take(response);
          Object.assign(diagnostics, response.diagnostics);
          progress = response.progress;
          done.push(response.slot);
          if (done.length === DONE_AT_ONCE) {
            send({ kind: "done", slots: done.splice(0) });
          }
          onProgress?.(response.progress);
          sink.advance();
          break;
        }
        case "end":
          take(response.last);
          Object.assign(diagnostics, response.diagnostics);
          await sink.whenEnding();
          sink.end();
          return response.result;
        case "refused":
          throw new InputError(response.problem);
        default:
          throw new TypeError(`unknown response: ${JSON.stringify(response satisfies never)}`);
      }
    }
    throw new Error("the reading worker has ended early");
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
