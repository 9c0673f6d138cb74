import { on } from "node:events";
import { fstatSync, type Stats, statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Diagnostics } from "../input/diagnostics.ts";
import { InputError, type InputProblem } from "../input/input-error.ts";
import {
  type ReadOptions,
  type ReadProgress,
  type ReadResult,
  readLog,
} from "../input/read-log.ts";
import type { EventBatch, EventColumns } from "../trace/event.ts";
import type { EventSink } from "../trace/sink.ts";
import type { Input } from "./io.ts";

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

/**
 * Reads a log as `readLog` does, in a thread of its own where that is known to pay: while this one replays a batch, that
 * one decodes the next. `worker` is its code; null: there is no core for it.
 * @throws as readLog does; and Error, the worker has failed
 */
export function readInThread(
  worker: URL | null,
  inputs: Inputs,
  sink: EventSink,
  diagnostics: Diagnostics,
  options: ReadOptions,
): Promise<ReadResult> {
  if (worker === null || isShort(inputs)) return readLog(inputs, sink, diagnostics, options);
  return receive(new Worker(worker, { workerData: inputs.names }), sink, diagnostics, options);
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
  if (signal?.aborted) stop();
  try {
    const rooms: EventColumns[] = [];
    const take = ({ slot, length, notes }: Filled): void => {
      sink.batch.copy(rooms[slot]!);
      sink.batch.length = length;
      sink.batch.notes.push(...notes);
    };
    const messages: AsyncIterable<Told[]> = on(worker, "message", { close: ["exit"] });
    for await (const [told] of messages) {
      if (told === undefined) break;
      switch (told.what) {
        case "room":
          rooms[told.slot] = told.columns;
          break;
        case "batch": {
          const room = sink.room();
          if (room !== null) await room;
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

/** True for a log that this thread reads as fast: a small one, and one that only it can read, or that is not there. */
function isShort({ names, stdin }: Inputs): boolean {
  let bytes = 0;
  for (const name of names) {
    const found = name === "-" ? fileOf(stdin) : statSync(name, { throwIfNoEntry: false });
    if (found === undefined) return true;
    bytes += found.isFile() ? found.size : Number.POSITIVE_INFINITY;
  }
  return bytes < SHORT_BYTES;
}

/** What standard input is; undefined if it is none that another thread can read: a terminal, or no file at all. */
function fileOf(stdin: Input): Stats | undefined {
  return stdin.fd === undefined || stdin.isTTY ? undefined : fstatSync(stdin.fd);
}
