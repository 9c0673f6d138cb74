import { parentPort, workerData } from "node:worker_threads";
import { Diagnostics } from "../../input/diagnostics.ts";
import { InputError } from "../../input/input-error.ts";
import { bytesOf } from "../../input/open-file.ts";
import { type ReadProgress, readLog } from "../../input/read-log.ts";
import { EventBatch } from "../../trace/event.ts";
import type { EventSink } from "../../trace/sink.ts";
import { Slots } from "./buffer-pool.ts";
import type { Filled, Reply, Task, Told } from "./read-in-worker.ts";

/** The thread that reads a log (reading-thread.ts), and sends it batch by batch. */

/** Batches on their way at most, some 4 MiB: enough that neither thread waits for the other where one has a long one. */
const MOST_ON_THEIR_WAY = 8;

const port = parentPort;
if (port === null) {
  throw new Error("this is the code of a worker");
}
const { names, head }: Task = workerData;

function tell(message: Told): void {
  port?.postMessage(message);
}

class Sender implements EventSink {
  progress: ReadProgress = { bytesRead: 0, bytesTotal: null };
  readonly #slots = new Slots((slot) => {
    const columns = new EventBatch(SharedArrayBuffer);
    tell({ what: "room", slot, columns });
    return columns;
  });
  #slot = this.#slots.take();
  #wake: () => void = () => {};

  get batch(): EventBatch {
    return this.#slots.rooms[this.#slot]!;
  }

  get filled(): Filled {
    const { length, notes } = this.batch;
    return { slot: this.#slot, length, notes };
  }

  advance(): void {
    tell({ what: "batch", progress: this.progress, ...this.filled });
    this.#slot = this.#slots.take();
    this.batch.clear();
  }

  /** The rest is told with the result. */
  end(): void {}

  whenReady(): Promise<void> | null {
    return this.#slots.taken < MOST_ON_THEIR_WAY ? null : this.#untilRoom();
  }

  release(slot: number): void {
    this.#slots.release([slot]);
    this.#wake();
  }

  async #untilRoom(): Promise<void> {
    while (this.#slots.taken >= MOST_ON_THEIR_WAY) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const sender = new Sender();
const diagnostics = new Diagnostics();
const stopping = new AbortController();

port.on("message", (reply: Reply) => {
  if (reply.what === "done") {
    sender.release(reply.slot);
  } else {
    stopping.abort();
  }
});

readLog({ names, stdin: standardInput() }, sender, diagnostics, {
  signal: stopping.signal,
  onProgress: (progress) => {
    sender.progress = progress;
  },
})
  .then((result) => tell({ what: "end", last: sender.filled, result, diagnostics }))
  .catch((error: unknown) => {
    if (error instanceof InputError) {
      tell({ what: "refused", problem: error.problem });
    } else {
      fail(error);
    }
  });

/** Ends the thread, whatever Node was told to do with a promise that is rejected. */
function fail(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

/** Not process.stdin, which in a worker is what the main thread passes on. */
async function* standardInput(): AsyncGenerator<Buffer> {
  if (head.length > 0) {
    yield Buffer.from(head);
  }
  yield* bytesOf(0, stopping.signal);
}
