import { close, fstat, open, read } from "node:fs";
import { stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { contentOf, MAGIC_BYTES } from "./compressions.ts";
import { InputError } from "./input-error.ts";
import { CHUNK_BYTES } from "./open-file.ts";
import { Successors } from "./successors.ts";

/** ms between two looks at a file that has not grown */
const POLL_MS = 100;

const openFile = promisify(open);
const closeFile = promisify(close);
const readInto = promisify(read);

/**
 * The bytes of a file that is still being written, as `tail -F` reads them; only an abort ends them, with an AbortError. A
 * file that does not exist yet is waited for. A chunk is valid only until the next one is requested.
 *
 * - Rotation by renaming: another file at the path is read on from its beginning once it has content, after the rest of
 *   the old one. A writer may go on with the old file until it opens the new one.
 * - Truncation (copytruncate): a file that is shorter than what was read of it begins again. One that has grown beyond
 *   that within `POLL_MS` looks as if it had only grown.
 * - Room that mallog's hook has reserved in the file is not read before it is written.
 * @throws InputError notFollowable; and Error of the system while reading
 */
export async function* followed(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let file = new Followed(await whenExists(path, signal));
  let successors: Successors | null = null;
  try {
    successors = new Successors(path, await file.id(), POLL_MS);
    for (;;) {
      yield* file.rest(buffer, signal);
      const next = successors.next();
      if (next !== null) {
        // What was written between the last read and the first byte of the new file.
        yield* file.rest(buffer, signal);
        await closeFile(file.fd);
        file = new Followed(next);
      } else if (!(await file.beginsAgain())) {
        await pause(POLL_MS, undefined, { signal });
      }
    }
  } finally {
    const unread = (await successors?.close()) ?? [];
    await Promise.all([file.fd, ...unread].map((fd) => closeFile(fd)));
  }
}

/** Opens the file, once there is one. */
async function whenExists(path: string, signal?: AbortSignal): Promise<number> {
  for (;;) {
    try {
      // To open a pipe would wait for its writer, beyond an abort.
      if (!(await stat(path)).isFile()) {
        throw new InputError({ code: "notFollowable", path });
      }
      return await openFile(path, "r");
    } catch (error) {
      if (!isMissing(error)) {
        throw error;
      }
    }
    await pause(POLL_MS, undefined, { signal });
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** An open file, as far as it has been read. */
class Followed {
  readonly fd: number;
  #position = 0;

  constructor(fd: number) {
    this.fd = fd;
  }

  async id(): Promise<{ dev: bigint; ino: bigint }> {
    return await promisify(fstat)(this.fd, { bigint: true });
  }

  /** The bytes up to the file's present end. */
  async *rest(buffer: Buffer, signal?: AbortSignal): AsyncGenerator<Buffer> {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await readInto(this.fd, buffer, 0, buffer.length, this.#position);
      if (bytesRead === 0) {
        return;
      }
      let written = writtenBytes(buffer.subarray(0, bytesRead));
      // A writer may go on at its old place in a file that was truncated: nothing will fill the room before it.
      const isWhole = async () =>
        (await this.#isCompressed()) || (await this.#hasLinesFrom(this.#position + bytesRead));
      if (written < bytesRead && (await isWhole())) {
        written = bytesRead;
      }
      this.#position += written;
      if (written > 0) {
        yield buffer.subarray(0, written);
      }
      if (written < bytesRead) {
        return;
      }
    }
  }

  /** Compressed data has NUL bytes anywhere. */
  async #isCompressed(): Promise<boolean> {
    const head = Buffer.alloc(MAGIC_BYTES);
    const { bytesRead } = await readInto(this.fd, head, 0, head.length, 0);
    return "compression" in contentOf(head.subarray(0, bytesRead));
  }

  /** Returns true if a line ends in the last bytes of the file, at `start` or behind it. */
  async #hasLinesFrom(start: number): Promise<boolean> {
    const { size } = await promisify(fstat)(this.fd);
    const from = Math.max(start, size - LAST_BYTES);
    if (from >= size) {
      return false;
    }
    const last = Buffer.alloc(size - from);
    const { bytesRead } = await readInto(this.fd, last, 0, last.length, from);
    return last.subarray(0, bytesRead).includes(NEWLINE);
  }

  /** Returns true if the file was truncated, and goes back to its beginning. */
  async beginsAgain(): Promise<boolean> {
    const { size } = await promisify(fstat)(this.fd);
    if (size >= this.#position) {
      return false;
    }
    this.#position = 0;
    return true;
  }
}

const NEWLINE = 0x0a;

/** Lines of a log are shorter. */
const LAST_BYTES = 4096;

/**
 * Bytes of a chunk before the room that mallog's hook has reserved in the file: NUL bytes, perhaps with a part of the next
 * line, whose newline the hook stores last.
 */
function writtenBytes(chunk: Buffer): number {
  const end = chunk.indexOf(0);
  return end < 0 || chunk.includes(NEWLINE, end) ? chunk.length : end;
}
