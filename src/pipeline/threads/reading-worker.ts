import { parentPort, workerData } from "node:worker_threads";
import { Diagnostics } from "../../input/diagnostics.ts";
import { InputError } from "../../input/input-error.ts";
import { bytesOf } from "../../input/open-file.ts";
import { type ReadProgress, readLog } from "../../input/read-log.ts";
import { EventBatch } from "../../trace/event.ts";
import type { EventSink } from "../../trace/sink.ts";
import { BufferPool } from "./buffer-pool.ts";
import {
  type Filled,
  MAX_IN_USE,
  type Request,
  type Response,
  type Task,
} from "./reading-messages.ts";

/** The code of the thread that reads a log for `readInWorker` and sends it batch by batch. */

const port = parentPort;
if (port === null) {
  throw new Error("reading-worker.ts must run in a worker");
}
const { names, given, head }: Task = workerData;

function respond(response: Response): void {
  port?.postMessage(response);
}

class Sender implements EventSink {
  progress: ReadProgress = { bytesRead: 0, bytesTotal: null };
  readonly #pool = new BufferPool((slot) => {
    const columns = new EventBatch(SharedArrayBuffer);
    respond({ kind: "buffer", slot, columns });
    return columns;
  });
  #slot = this.#pool.take();
  #wake: () => void = () => {};

  get batch(): EventBatch {
    return this.#pool.buffers[this.#slot]!;
  }

  get filled(): Filled {
    const { length, notes } = this.batch;
    return { slot: this.#slot, length, notes };
  }

  advance(): void {
    respond({ kind: "batch", progress: this.progress, diagnostics, ...this.filled });
    this.#slot = this.#pool.take();
    this.batch.clear();
  }

  /** The last batch is sent with the result. */
  end(): void {}

  whenReady(): Promise<void> | null {
    return this.#pool.taken < MAX_IN_USE ? null : this.#untilReady();
  }

  whenEnding(): null {
    return null;
  }

  release(slots: readonly number[]): void {
    this.#pool.release(slots);
    this.#wake();
  }

  async #untilReady(): Promise<void> {
    while (this.#pool.taken >= MAX_IN_USE) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const sender = new Sender();
const diagnostics = new Diagnostics();
const stopping = new AbortController();

port.on("message", (request: Request) => {
  switch (request.kind) {
    case "done":
      sender.release(request.slots);
      break;
    case "stop":
      stopping.abort();
      break;
    default:
      throw new TypeError(`unknown request: ${JSON.stringify(request satisfies never)}`);
  }
});

readLog({ names, stdin: standardInput(), given }, sender, diagnostics, {
  signal: stopping.signal,
  onProgress: (progress) => {
    sender.progress = progress;
  },
})
  .then((result) => respond({ kind: "end", last: sender.filled, result, diagnostics }))
  .catch((error: unknown) => {
    if (error instanceof InputError) {
      respond({ kind: "refused", problem: error.problem });
    } else {
      fail(error);
    }
  });

/** Ends the thread with the error, whatever Node's mode for unhandled rejections is. */
function fail(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** Reads file descriptor 0: in a worker, Node's own stdin stream is what the main thread passes on. */
async function* standardInput(): AsyncGenerator<Buffer> {
  if (head.length > 0) {
    yield Buffer.from(head);
  }
  yield* bytesOf(0, stopping.signal);
}
