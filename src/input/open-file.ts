import { close, fstatSync, read } from "node:fs";
import { type ConnectOpts, Socket, type SocketConstructorOpts } from "node:net";
import { promisify } from "node:util";

/** Capacity of a pipe. Larger chunks become strings in V8's large-object space: a third slower. */
export const CHUNK_BYTES = 64 * 1024;
/** Size of one read from a disk, which runs while the previous one is processed. */
const READ_BYTES = 4 * CHUNK_BYTES;

/** The last of the file descriptors that stay open. */
const STANDARD_ERROR = 2;

const readInto = promisify(read);
const closeFile = promisify(close);

/**
 * The bytes of an open file or pipe. Node's streams allocate a buffer for each chunk, memory that the kernel has to map
 * and unmap; here a chunk is valid only until the next one is requested. An abort ends the iteration with an AbortError.
 * Closes the file, unless it is standard input.
 * @throws Error of the system
 */
export async function* bytesOf(fd: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  yield* isPipe(fd) ? bytesOfPipe(fd, signal) : bytesOfDisk(fd, signal);
}

/** Size of an open file in bytes; null if it is not a regular file. */
export function sizeOf(fd: number): number | null {
  const found = fstatSync(fd);
  return found.isFile() ? found.size : null;
}

/** True for a pipe or socket: it may be silent for long, and the event loop can wait for its data. */
export function isPipe(fd: number): boolean {
  const found = fstatSync(fd);
  return found.isFIFO() || found.isSocket();
}

async function* bytesOfPipe(fd: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let length = 0;
  let failure: Error | null = null;
  let wake = (): void => {};
  const callback = (bytes: number): boolean => {
    length = bytes;
    wake();
    // Pauses the socket until resume().
    return false;
  };
  // The constructor takes `onread`, as documented, but its type lacks it.
  const options: SocketConstructorOpts & ConnectOpts = { fd, signal, onread: { buffer, callback } };
  const socket = new Socket({ ...options, writable: false });
  socket.on("end", () => wake());
  socket.on("error", (error) => {
    failure = error;
    wake();
  });
  try {
    for (;;) {
      length = 0;
      // The socket may have failed or been aborted while the last chunk was processed.
      if (failure === null) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          socket.resume();
        });
      }
      if (failure !== null) {
        throw failure;
      }
      if (length === 0) {
        return;
      }
      yield buffer.subarray(0, length);
    }
  } finally {
    socket.destroy();
  }
}

async function* bytesOfDisk(fd: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  let buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  let other = Buffer.allocUnsafeSlow(READ_BYTES);
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
  });
  signal?.addEventListener("abort", stop);
  // Both may be rejected while not awaited.
  aborted.catch(() => {});
  const readAhead = (into: Buffer) => {
    const result = readInto(fd, into, 0, READ_BYTES, null);
    result.catch(() => {});
    return result;
  };
  let reading = readAhead(buffer);
  try {
    signal?.throwIfAborted();
    for (;;) {
      // A read from a terminal or device may take long.
      const { bytesRead } = await Promise.race([reading, aborted]);
      if (bytesRead === 0) {
        return;
      }
      reading = readAhead(other);
      for (let at = 0; at < bytesRead; at += CHUNK_BYTES) {
        yield buffer.subarray(at, Math.min(at + CHUNK_BYTES, bytesRead));
        signal?.throwIfAborted();
      }
      [buffer, other] = [other, buffer];
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    // Close only after the last read: the descriptor may be reused at once.
    if (fd > STANDARD_ERROR) {
      reading.finally(() => closeFile(fd)).catch(() => {});
    }
  }
}
