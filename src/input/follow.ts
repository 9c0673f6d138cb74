import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { InputError } from "./input-error.ts";
import { CHUNK_BYTES } from "./open-file.ts";

/** ms between two looks at a file that has not grown */
const POLL_MS = 100;

/**
 * The bytes of a file that is still being written, as `tail -F` reads them; only an abort ends them, with an AbortError. A
 * file that does not exist yet is waited for. A chunk is valid only until the next one is requested.
 *
 * - Rotation by renaming: another file at the path is read on from its beginning once it has content, after the rest of
 *   the old one. A writer may go on with the old file until it opens the new one.
 * - Truncation (copytruncate): a file that is shorter than what was read of it begins again. One that has grown beyond
 *   that within `POLL_MS` looks as if it had only grown.
 * @throws InputError notFollowable; and Error of the system while reading
 */
export async function* followed(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let file = await whenExists(path, signal);
  try {
    for (;;) {
      yield* restOf(file, buffer, signal);
      const next = await successorOf(file, path);
      if (next !== null) {
        // What was written between the last read and the first byte of the new file.
        yield* restOf(file, buffer, signal);
        await file.close();
        file = next;
      } else if (!(await beginsAgain(file))) {
        await pause(POLL_MS, undefined, { signal });
      }
    }
  } finally {
    await file.close();
  }
}

/** A file, as far as it has been read. */
class Followed {
  readonly handle: FileHandle;
  /** identity of the file, whatever its name */
  readonly dev: bigint;
  readonly ino: bigint;
  position = 0;

  constructor(handle: FileHandle, { dev, ino }: { dev: bigint; ino: bigint }) {
    this.handle = handle;
    this.dev = dev;
    this.ino = ino;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

async function whenExists(path: string, signal?: AbortSignal): Promise<Followed> {
  for (;;) {
    try {
      // To open a pipe would wait for its writer, beyond an abort.
      if (!(await stat(path)).isFile()) {
        throw new InputError({ code: "notFollowable", path });
      }
      const handle = await open(path, "r");
      return new Followed(handle, await handle.stat({ bigint: true }));
    } catch (error) {
      if (!isMissing(error)) {
        throw error;
      }
    }
    await pause(POLL_MS, undefined, { signal });
  }
}

/** The bytes up to the file's present end. */
async function* restOf(
  file: Followed,
  buffer: Buffer,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, file.position);
    if (bytesRead === 0) {
      return;
    }
    file.position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Returns the file that has taken the old one's place at the path and has content; null if there is none. */
async function successorOf(old: Followed, path: string): Promise<Followed | null> {
  try {
    const found = await stat(path, { bigint: true });
    const isOther = found.ino !== old.ino || found.dev !== old.dev;
    if (!isOther || !found.isFile() || found.size === 0n) {
      return null;
    }
    const handle = await open(path, "r");
    return new Followed(handle, await handle.stat({ bigint: true }));
  } catch {
    // Between the old file's renaming and the new one's creation there is none; or it cannot be read yet.
    return null;
  }
}

/** Returns true if the file was truncated, and goes back to its beginning. */
async function beginsAgain(file: Followed): Promise<boolean> {
  const { size } = await file.handle.stat();
  if (size >= file.position) {
    return false;
  }
  file.position = 0;
  return true;
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return code === "ENOENT" || code === "ENOTDIR";
}
