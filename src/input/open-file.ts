import { close, fstatSync, read } from "node:fs";
import { type ConnectOpts, Socket, type SocketConstructorOpts } from "node:net";
import { promisify } from "node:util";

/** What a pipe holds; and larger chunks would become strings that V8 keeps apart from others: a third slower. */
const CHUNK_BYTES = 64 * 1024;
/** Read from a disk at once, while what was read before is handed out. */
const READ_BYTES = 4 * CHUNK_BYTES;

const readInto = promisify(read);
const closeFile = promisify(close);

/**
 * The bytes of an open file, be it a pipe. Node's own streams make a new buffer for each chunk, whose memory the kernel
 * has to give and take back again; here a chunk is valid only until the next one is asked for. A signal that fires ends
 * the iteration with an AbortError. Closes the file.
 * @throws Error as the system says
 */
export async function* bytesOf(fd: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const found = fstatSync(fd);
  if (found.isFIFO() || found.isSocket()) yield* bytesOfPipe(fd, signal);
  else yield* bytesOfDisk(fd, signal);
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
      await new Promise<void>((resolve) => {
        wake = resolve;
        socket.resume();
      });
      if (failure !== null) throw failure;
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    socket.destroy();
  }
}

async function* bytesOfDisk(fd: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const [first, second] = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)];
  let [buffer, other] = [first, second];
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  // Nobody may be waiting for it when it comes.
  aborted.catch(() => {});
  let reading = readInto(fd, buffer, 0, READ_BYTES, null);
  try {
    for (;;) {
      signal?.throwIfAborted();
      // A terminal or a device may have nothing to say for long.
      const { bytesRead } = await Promise.race([reading, aborted]);
      if (bytesRead === 0) return;
      reading = readInto(fd, other, 0, READ_BYTES, null);
      for (let at = 0; at < bytesRead; at += CHUNK_BYTES) {
        yield buffer.subarray(at, Math.min(at + CHUNK_BYTES, bytesRead));
        signal?.throwIfAborted();
      }
      [buffer, other] = [other, buffer];
    }
  } finally {
    // What is still being read would be read from another file, if that got its number.
    reading.then(
      () => closeFile(fd),
      () => closeFile(fd),
    );
  }
}
