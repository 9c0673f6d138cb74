import { once } from "node:events";
import { Duplex, pipeline } from "node:stream";
import type { Diagnostics } from "./diagnostics.ts";
import { InputError } from "./input-error.ts";
import { INPUT_BYTES, ZlibDecoder } from "./zlib-decoder.ts";

type Chunks = AsyncIterable<Buffer>;

/** Result of a decoder, valid after its last chunk. */
interface Outcome {
  /** the data is damaged or incomplete */
  broken: boolean;
}

/** The chunk that ends the last line of incomplete data. */
export const ADDED_NEWLINE = Buffer.from("\n");

/** Length of the longest magic number below. */
const MAGIC_BYTES = 6;

/** Compressions that are recognised only to name the command that decompresses them. */
const FOREIGN = [
  { magic: Buffer.from("fd377a585a00", "hex"), tool: "xz" },
  { magic: Buffer.from("BZh", "latin1"), tool: "bzip2" },
  { magic: Buffer.from("04224d18", "hex"), tool: "lz4" },
] as const;

/**
 * The decompressed bytes of one piece, plain, gzip or zstd; `path` is for messages. Incomplete or damaged data yields
 * what can be decoded before the fault (a damaged spot also loses what was decoded of the same slice of input, up to a chunk of output), ends the
 * line there, and counts as a truncated input.
 * @throws InputError corrupt, zstdMissing, compression
 */
export async function* decompressed(
  bytes: AsyncGenerator<Buffer>,
  path: string,
  diagnostics: Diagnostics,
): AsyncGenerator<Buffer> {
  const { head, whole } = await peek(bytes);
  const compression = compressionOf(head);
  if (compression === null) {
    for (const { magic, tool } of FOREIGN) {
      if (head.subarray(0, magic.length).equals(magic)) {
        throw new InputError({ code: "compression", path, tool });
      }
    }
    yield* whole;
    return;
  }

  const outcome: Outcome = { broken: false };
  let lastByte: number | null = null;
  for await (const chunk of await decoder(compression, whole, path, outcome)) {
    lastByte = chunk.at(-1) ?? lastByte;
    yield chunk;
  }
  if (outcome.broken) {
    if (lastByte === null) {
      throw new InputError({ code: "corrupt", path, compression });
    }
    diagnostics.truncatedInputs++;
    // Otherwise the incomplete line would run into the first line of the next piece.
    if (lastByte !== 0x0a) {
      yield ADDED_NEWLINE;
    }
  }
}

function compressionOf(head: Buffer): "gzip" | "zstd" | null {
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) {
    return "gzip";
  }
  if (head.length >= 4) {
    const magic = head.readUInt32LE(0);
    // A skippable frame may come first: pzstd and seekable zstd write them.
    if (magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5) {
      return "zstd";
    }
  }
  return null;
}

/** Loads Node's decoders only where needed: most logs are plain text, and short ones must not wait for the import. */
async function decoder(
  compression: "gzip" | "zstd",
  bytes: AsyncGenerator<Buffer>,
  path: string,
  outcome: Outcome,
): Promise<Chunks> {
  if (compression === "gzip") {
    return gunzipped(bytes, outcome);
  }
  const builtIn = builtInZstd(await import("node:zlib"));
  return builtIn === null ? zstdCommand(bytes, path, outcome) : decoded(bytes, builtIn, outcome);
}

/** Reads `MAGIC_BYTES`, and returns them and the whole stream. */
async function peek(bytes: AsyncGenerator<Buffer>) {
  let head = Buffer.alloc(0);
  while (head.length < MAGIC_BYTES) {
    const next = await bytes.next();
    if (next.done) {
      break;
    }
    head = Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    if (head.length > 0) {
      yield head;
    }
    yield* bytes;
  }
  return { head, whole: whole() };
}

async function* gunzipped(bytes: AsyncGenerator<Buffer>, outcome: Outcome): AsyncGenerator<Buffer> {
  const { gunzip } = await import("./gunzip.ts");
  outcome.broken = !(yield* gunzip(bytes));
}

async function* decoded(bytes: Chunks, stream: Duplex, outcome: Outcome): AsyncGenerator<Buffer> {
  const decoder = new ZlibDecoder(stream);
  try {
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length && !decoder.hasEnded; at += INPUT_BYTES) {
        await decoder.write(chunk.subarray(at, at + INPUT_BYTES));
        yield* decoder.take();
      }
    }
    if (!decoder.hasEnded) {
      await decoder.end();
      yield* decoder.take();
    }
  } finally {
    outcome.broken = decoder.hasFailed;
    decoder.close();
  }
}

/** Node has zstd from 22.15 on; the types of the oldest supported Node lack it. Null: not in this Node. */
function builtInZstd(zlib: object): Duplex | null {
  const create: unknown = Reflect.get(zlib, "createZstdDecompress");
  const stream: unknown = typeof create === "function" ? create() : null;
  return stream instanceof Duplex ? stream : null;
}

async function* zstdCommand(
  bytes: AsyncGenerator<Buffer>,
  path: string,
  outcome: Outcome,
): AsyncGenerator<Buffer> {
  const { spawn } = await import("node:child_process");
  const child = spawn("zstd", ["-dcq"], { stdio: ["pipe", "pipe", "ignore"] });
  try {
    await once(child, "spawn");
  } catch {
    throw new InputError({ code: "zstdMissing", path });
  }
  const closed = once(child, "close");
  let readError: Error | null = null;
  pipeline(copies(bytes), child.stdin, (error) => {
    // EPIPE: zstd stopped at damaged data, as its exit code shows. Any other error is a failure to read.
    if (error && !("code" in error && error.code === "EPIPE")) {
      readError = error;
    }
  });
  try {
    const chunks: Chunks = child.stdout;
    yield* chunks;
    const [exitCode] = await closed;
    if (readError !== null) {
      throw readError;
    }
    outcome.broken = exitCode !== 0;
  } finally {
    child.kill();
  }
}

/** Copies of chunks that are valid only until the next one is requested: a stream may hold them longer. */
async function* copies(bytes: Chunks): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    yield Buffer.from(chunk);
  }
}
