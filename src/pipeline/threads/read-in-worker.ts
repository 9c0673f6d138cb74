import { on } from "node:events";
import { Worker } from "node:worker_threads";
import type { Input } from "../../cli/io.ts";
import type { Diagnostics } from "../../input/diagnostics.ts";
import { InputError, type InputProblem } from "../../input/input-error.ts";
import { bytesOf, isPipe, sizeOf } from "../../input/open-file.ts";
import {
  type ReadOptions,
  type ReadProgress,
  type ReadResult,
  readLog,
} from "../../input/read-log.ts";
import { findPieces, type Piece } from "../../input/source.ts";
import type { EventBatch, EventColumns } from "../../trace/event.ts";
import type { EventSink } from "../../trace/sink.ts";
import { type FirstBytes, firstBytes } from "./first-bytes.ts";

/**
 * What the worker (reading-worker.ts) tells. The columns of a batch lie in memory that both threads see, that of a slot,
 * which is made known once.
 */
export type Told =
  | { readonly what: "room"; readonly slot: number; readonly columns: EventColumns }
  | ({ readonly what: "batch"; readonly progress: ReadProgress } & Filled)
  | {
      readonly what: "end";
      readonly last: Filled;
      readonly result: ReadResult;
      readonly diagnostics: Diagnostics;
    }
  | { readonly what: "refused"; readonly problem: InputProblem };

/** A slot that holds a batch, and what of that is no column. */
export type Filled = { readonly slot: number } & Pick<EventBatch, "length" | "notes">;

/** What it is told: the slot is free again, or nothing more is wanted. */
export type Reply = { readonly what: "done"; readonly slot: number } | { readonly what: "stop" };

/** A shorter log is read before another thread has begun. */
const SHORT_BYTES = 2 ** 20;

/** Paths of the log's pieces, `-` for standard input. */
interface Inputs {
  readonly names: readonly string[];
  readonly stdin: Input;
}

/** What the worker is to read. */
export interface Task {
  readonly names: readonly string[];
  /** what was read of standard input already */
  readonly head: Uint8Array;
}

/**
 * Reads a log as `readLog` does, in a thread of its own where that is known to pay: while this one replays a batch, that
 * one decodes the next. `worker` is its code; null: there is no core for it.
 * @throws as readLog does; and Error, the worker has failed
 */
export async function readInThread(
  worker: URL | null,
  { names, stdin }: Inputs,
  sink: EventSink,
  diagnostics: Diagnostics,
  options: ReadOptions,
): Promise<ReadResult> {
  const readHere = (from: AsyncIterable<Buffer>): Promise<ReadResult> =>
    readLog({ names, stdin: from }, sink, diagnostics, options);
  if (worker === null) {
    return readHere(stdin);
  }
  const pieces = await findPieces(names);
  const isAsked = pieces.some(({ name }) => name === "-");
  // A terminal, or no file at all, only this thread can read.
  if (isAsked && (stdin.fd === undefined || stdin.isTTY)) {
    return readHere(stdin);
  }
  let head: Uint8Array = Buffer.alloc(0);
  // Behind other pieces it is not its turn yet.
  if (pieces.length === 1 && isAsked && stdin.fd !== undefined && isPipe(stdin.fd)) {
    const first = await beginning(stdin.fd, options);
    if (first.isAll) {
      return readHere(first.whole);
    }
    head = first.head;
  } else if (bytesAtLeast(pieces, stdin) < SHORT_BYTES) {
    return readHere(stdin);
  }
  return receive(startWorker(worker, { names, head }), sink, diagnostics, options);
}

/** How much there is to be read, at least: Infinity where only reading tells. */
function bytesAtLeast(pieces: readonly Piece[], { fd }: Input): number {
  const sizes = pieces.map(({ name, sizeBytes }) =>
    name === "-" && fd !== undefined ? sizeOf(fd) : sizeBytes,
  );
  return sizes.reduce<number>((sum, size) => sum + (size ?? Number.POSITIVE_INFINITY), 0);
}

/** The first bytes of standard input. What is beyond is left to the worker: it is no longer this thread's to close. */
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
    // Blocks of the log are strings for a moment. Where the next ones soon take their place, they stay in the cache.
    resourceLimits: { maxYoungGenerationSizeMb: 1 },
    // Standard input is the process's, not its own.
    trackUnmanagedFds: false,
  });
}

async function receive(
  worker: Worker,
  sink: EventSink,
  diagnostics: Diagnostics,
  { signal, onProgress }: ReadOptions,
): Promise<ReadResult> {
  const reply = (message: Reply): void => worker.postMessage(message);
  const stop = (): void => reply({ what: "stop" });
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) {
    stop();
  }
  try {
    const rooms: EventColumns[] = [];
    const take = ({ slot, length, notes }: Filled): void => {
      sink.batch.copy(rooms[slot]!, length);
      sink.batch.notes.push(...notes);
    };
    const messages: AsyncIterable<Told[]> = on(worker, "message", { close: ["exit"] });
    for await (const [told] of messages) {
      if (told === undefined) {
        break;
      }
      switch (told.what) {
        case "room":
          rooms[told.slot] = told.columns;
          break;
        case "batch": {
          const ready = sink.whenReady();
          if (ready !== null) {
            await ready;
          }
          take(told);
          reply({ what: "done", slot: told.slot });
          onProgress?.(told.progress);
          sink.advance();
          break;
        }
        case "end":
          take(told.last);
          Object.assign(diagnostics, told.diagnostics);
          sink.end();
          return told.result;
        case "refused":
          throw new InputError(told.problem);
      }
    }
    throw new Error("the thread that reads has ended early");
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
