import { spawn } from "node:child_process";
import { once } from "node:events";
import { pipeline } from "node:stream";
import type { DecompressedByCommand } from "./compressions.ts";
import { InputError } from "./input-error.ts";

/** bzip2 tells of garbage after the data only without -q, and ends with 0 all the same. */
const ARGUMENTS: Readonly<Record<DecompressedByCommand, readonly string[]>> = {
  zstd: ["-dcq"],
  xz: ["-dcq"],
  bzip2: ["-dc"],
  lz4: ["-dcq"],
};

/**
 * Decompresses by the command of this name. Returns false if the data is damaged or incomplete, after all that the command
 * can decode of it. The command ends with the iteration.
 * @throws InputError decoderMissing; and errors of `bytes`
 */
export async function* decompressedBy(
  command: DecompressedByCommand,
  bytes: AsyncIterable<Buffer>,
  path: string,
): AsyncGenerator<Buffer, boolean> {
  const child = spawn(command, ARGUMENTS[command], { stdio: ["pipe", "pipe", "pipe"] });
  try {
    await once(child, "spawn");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code !== "ENOENT") {
      throw new InputError({ code: "unreadable", path, reason: error.message });
    }
    throw new InputError({ code: "decoderMissing", path, tool: command });
  }
  const closed = once(child, "close");
  // An iteration that ends early does not wait for it.
  closed.catch(() => {});
  let hasComplained = false;
  child.stderr.on("data", () => {
    hasComplained = true;
  });
  const source = new Source(bytes);
  // An error of the pipe means that the command stopped at damaged data, as its exit code shows.
  pipeline(source.copies(), child.stdin, () => {});
  try {
    const chunks: AsyncIterable<Buffer> = child.stdout;
    yield* chunks;
    const [exitCode] = await closed;
    if (source.failure !== null) {
      throw source.failure.error;
    }
    return exitCode === 0 && !hasComplained;
  } finally {
    child.kill();
  }
}

/** Copies of chunks that are valid only until the next one is requested: a stream may hold them longer. */
class Source {
  /** why the bytes ended early */
  failure: { readonly error: unknown } | null = null;
  readonly #bytes: AsyncIterable<Buffer>;

  constructor(bytes: AsyncIterable<Buffer>) {
    this.#bytes = bytes;
  }

  async *copies(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.#bytes) {
        yield Buffer.from(chunk);
      }
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}
