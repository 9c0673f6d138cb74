import { Worker } from "node:worker_threads";

/** Identity of a file, whatever its name. */
export interface FileId {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** CommonJS: looks at the path, and sends the descriptor of each new file that has content. */
const LOOK = `
const { fstatSync, openSync, statSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
const { path, milliseconds } = workerData;
let newest = workerData.first;
const isNewest = ({ dev, ino }) => dev === newest.dev && ino === newest.ino;
setInterval(() => {
  try {
    const found = statSync(path, { bigint: true });
    if (found.isFile() && found.size > 0n && !isNewest(found)) {
      const fd = openSync(path, "r");
      newest = fstatSync(fd, { bigint: true });
      parentPort.postMessage(fd);
    }
  } catch {
    // Between the old file's renaming and the new one's creation there is none; or it cannot be read yet.
  }
}, milliseconds);
`;

/**
 * The files that take a path one after the other: rotated logs. A thread looks for them and opens them at once, because a
 * file whose name has gone to the next one is lost, and this thread may be busy for seconds.
 */
export class Successors {
  readonly #worker: Worker;
  /** file descriptors, oldest first */
  readonly #waiting: number[] = [];

  /** `first`: the file that is being read; `milliseconds`: between two looks */
  constructor(path: string, first: FileId, milliseconds: number) {
    this.#worker = new Worker(LOOK, {
      eval: true,
      workerData: { path, first: { dev: first.dev, ino: first.ino }, milliseconds },
      // The files stay open for the reader.
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: 1 },
    });
    this.#worker.on("message", (fd: number) => this.#waiting.push(fd));
  }

  /** Returns the descriptor of the oldest file that waits to be read; null if there is none. */
  next(): number | null {
    return this.#waiting.shift() ?? null;
  }

  /** Ends the search. Returns the descriptors of the files that wait. */
  async close(): Promise<number[]> {
    await this.#worker.terminate();
    return this.#waiting.splice(0);
  }
}
