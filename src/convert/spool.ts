import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const READ_BYTES = 2 ** 20;

/** Opens a spool. @throws Error of the system */
export async function openSpool(): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), "mallog-"));
  try {
    return new Spool(await open(join(folder, "lines"), "wx+"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Text that is kept on disk until what stands above it is known. The file has no name: it ends with the process. */
export class Spool {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @throws Error of the system */
  async write(text: string): Promise<void> {
    await this.#file.appendFile(text);
  }

  /** All text written, in parts. */
  async *parts(): AsyncGenerator<string> {
    const bytes = Buffer.alloc(READ_BYTES);
    for (let at = 0; ; ) {
      const { bytesRead } = await this.#file.read(bytes, 0, READ_BYTES, at);
      if (bytesRead === 0) {
        return;
      }
      at += bytesRead;
      yield bytes.toString("latin1", 0, bytesRead);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
