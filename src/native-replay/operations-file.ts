import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HEAD_BYTES, type Head, MAGIC, type Operation, RECORD_BYTES } from "./operations.ts";

const BUFFERED_RECORDS = 1 << 15;
const WORDS = RECORD_BYTES / 4;

/** The file cannot be written; `cause` is the system's error. */
export class OperationsFileError extends Error {
  /** the temporary folder */
  readonly folder = tmpdir();
}

/**
 * A file of operations in the system's temporary folder; operations.ts has its layout. It has no name there: nothing of it
 * stays when the process ends, however it does. All but `close` throw OperationsFileError.
 */
export class OperationsFile {
  /** for other processes, while this one has it open */
  readonly path: string;
  readonly #fd: number;
  readonly #words = new Uint32Array(BUFFERED_RECORDS * WORDS);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  #records = 0;
  #writtenBytes = HEAD_BYTES;

  constructor() {
    const folder = written(() => mkdtempSync(join(tmpdir(), "mallog-")));
    try {
      this.#fd = written(() => openSync(join(folder, "operations"), "wx+", 0o600));
    } finally {
      rmSync(folder, { recursive: true });
    }
    this.path = join(realpathSync("/proc/self"), "fd", String(this.#fd));
  }

  /** `size`: −2^53 .. 2^53 */
  append(kind: Operation, flags: number, number: number, size: number): void {
    if (this.#records === BUFFERED_RECORDS) {
      this.#flush();
    }
    const at = this.#records++ * WORDS;
    this.#words[at] = kind | (flags << 8);
    this.#words[at + 1] = number;
    this.#words[at + 2] = size % 2 ** 32;
    this.#words[at + 3] = Math.floor(size / 2 ** 32);
  }

  /** Forgets all records. */
  clear(): void {
    this.#records = 0;
    this.#writtenBytes = HEAD_BYTES;
    ftruncateSync(this.#fd, 0);
  }

  /** The file is complete. */
  finish({ events, blocks, threads, firstThreadExits }: Head): void {
    this.#flush();
    const head = Buffer.alloc(HEAD_BYTES);
    head.write(MAGIC, "latin1");
    head.writeBigUInt64LE(BigInt(events), 8);
    head.writeUInt32LE(blocks, 16);
    head.writeUInt32LE(threads, 20);
    head.writeUInt32LE(firstThreadExits ? 1 : 0, 24);
    this.#write(head, 0);
  }

  /** Ends the file. Nothing may follow. */
  close(): void {
    closeSync(this.#fd);
  }

  #flush(): void {
    const bytes = this.#records * RECORD_BYTES;
    this.#write(this.#bytes.subarray(0, bytes), this.#writtenBytes);
    this.#writtenBytes += bytes;
    this.#records = 0;
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      const at = done;
      done += written(() => writeSync(this.#fd, bytes, at, bytes.length - at, position + at));
    }
  }
}

function written<T>(write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw new OperationsFileError("the operations cannot be written", { cause });
  }
}
