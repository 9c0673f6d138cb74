import type { Duplex } from "node:stream";

/** Bytes of a chunk of output. */
export const OUTPUT_BYTES = 64 * 1024;

/** Bytes of a slice of input: it bounds the output of one write, at any ratio (at most about 1000 : 1). */
export const INPUT_BYTES = 16 * 1024;

/**
 * A stream of node:zlib that is fed slice by slice, and whose output is taken at once: a stream destroyed by an error drops
 * its unread output.
 */
export class ZlibDecoder {
  /** the data has ended; or `hasFailed` */
  hasEnded = false;
  /** the data is damaged or incomplete */
  hasFailed = false;
  readonly #stream: Duplex;
  readonly #output: Buffer[] = [];
  #wake: () => void = () => {};

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#output.push(chunk));
    // Also before end(), if other bytes follow the data; the write that finds this calls nothing back.
    stream.on("end", () => this.#end());
    stream.on("error", () => {
      this.hasFailed = true;
      this.#end();
    });
  }

  /** Decodes a slice. */
  write(slice: Buffer): Promise<void> {
    return this.#step((done) => this.#stream.write(slice, done));
  }

  /** No slice follows. */
  end(): Promise<void> {
    // "end" or "error" comes after the last output.
    return this.#step(() => this.#stream.end());
  }

  /** Takes the output so far. */
  take(): Buffer[] {
    return this.#output.splice(0);
  }

  close(): void {
    this.#stream.destroy();
  }

  #end(): void {
    this.hasEnded = true;
    this.#wake();
  }

  #step(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      start(resolve);
    });
  }
}
