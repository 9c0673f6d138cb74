import { close, fstatSync, read } from "node:fs";
import { type ConnectOpts, Socket, type SocketConstructorOpts } from "node:net";
import { promisify } from "node:util";

/** What a pipe holds; and larger chunks would become strings that V8 keeps apart from others: a third slower. */
const CHUNK_BYTES = 64 * 1024;
/** Read from a disk at once, while what was read before is handed out. */
const READ_BYTES = 4 * CHUNK_BYTES;

/** The last of the file descriptors that are the process's for good. */
const STANDARD_ERROR = 2;

const readInto = promisify(read);
const closeFile = promisify(close);

/**
 * The bytes of an open file, be it a pipe. Node's own streams make a new buffer for each chunk, whose memory the kernel
 * has to give and take back again; here a chunk is valid only until the next one is asked for. A signal that fires ends
 * the iteration with an AbortError. Closes the file, unless it is standard input.
 * @throws Error as the system says
 */
export async function* bytesOf(fd: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  yield* isPipe(fd) ? bytesOfPipe(fd, signal) : bytesOfDisk(fd, signal);
}

/** Bytes of an open file; undefined where only reading tells. */
export function sizeOf(fd: number): number | undefined {
  const found = fstatSync(fd);
  return found.isFile() ? found.size : undefined;
}

/** True for what may have nothing to say for long, and tells when it has. */
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
    // Nothing more until it is resumed.
    return false;
  };
  // The constructor takes onread, too, as the documentation has it; its type has forgotten it.
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
      // It may have failed, or been aborted, while the last chunk was being looked at.
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
  // Nobody may be waiting for either when it fails.
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
      // A terminal or a device may have nothing to say for long.
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
    // Not before: what is still to be read would be read of the file that next gets this number.
    if (fd > STANDARD_ERROR) {
      reading.finally(() => closeFile(fd)).catch(() => {});
    }
  }
}
