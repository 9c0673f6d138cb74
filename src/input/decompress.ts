import { once } from "node:events";
import { Duplex, pipeline } from "node:stream";
import type { Diagnostics } from "./diagnostics.ts";
import { InputError } from "./input-error.ts";

type Chunks = AsyncIterable<Buffer>;

/** What a decoder tells about how it went; filled in by the time its last chunk is out. */
interface Outcome {
  broken: boolean;
}

/** Enough bytes to know every compression below by its magic number. */
const MAGIC_BYTES = 6;

/** Compressions that are recognised only to say what to do about them: their magic bytes and their command. */
const FOREIGN = [
  { magic: Buffer.from("fd377a585a00", "hex"), tool: "xz" },
  { magic: Buffer.from("BZh", "latin1"), tool: "bzip2" },
  { magic: Buffer.from("04224d18", "hex"), tool: "lz4" },
] as const;

/**
 * The plain bytes of one piece, whatever it is compressed with; `path` is for messages. Compressed data that breaks off
 * or is damaged gives all that can be decoded before the break (a damaged spot takes with it up to
 * `OUTPUT_BYTES` decoded just before it), ends its last line there, and counts as a truncated input.
 * @throws InputError corrupt, zstdMissing, compression
 */
export async function* decompressed(
  bytes: AsyncGenerator<Buffer>,
  path: string,
  diagnostics: Diagnostics,
): AsyncGenerator<Buffer> {
  const { head, whole } = await peek(bytes);
  const compression = compressionOf(head);
  if (compression === undefined) {
    for (const { magic, tool } of FOREIGN) {
      if (head.subarray(0, magic.length).equals(magic)) {
        throw new InputError({ code: "compression", path, tool });
      }
    }
    yield* whole;
    return;
  }

  const outcome: Outcome = { broken: false };
  let lastByte: number | undefined;
  for await (const chunk of await decoder(compression, whole, path, outcome)) {
    lastByte = chunk.at(-1) ?? lastByte;
    yield chunk;
  }
  if (outcome.broken) {
    if (lastByte === undefined) {
      throw new InputError({ code: "corrupt", path, compression });
    }
    diagnostics.truncatedInputs++;
    // Otherwise the half line would swallow the next piece's first one.
    if (lastByte !== 0x0a) {
      yield Buffer.from("\n");
    }
  }
}

function compressionOf(head: Buffer): "gzip" | "zstd" | undefined {
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
  return undefined;
}

/** Node's own decoders are loaded only here: most logs come as plain text, and short ones are not to wait for them. */
async function decoder(
  compression: "gzip" | "zstd",
  bytes: AsyncGenerator<Buffer>,
  path: string,
  outcome: Outcome,
): Promise<Chunks> {
  const zlib = await import("node:zlib");
  if (compression === "gzip") {
    return inflated(bytes, zlib.createGunzip({ chunkSize: OUTPUT_BYTES }), outcome);
  }
  const builtIn = builtInZstd(zlib);
  return builtIn === undefined
    ? zstdCommand(bytes, path, outcome)
    : inflated(bytes, builtIn, outcome);
}

/** Reads until `MAGIC_BYTES` are there, and gives the stream back whole. */
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

const OUTPUT_BYTES = 64 * 1024;

/** Bounds what one write can decode to, whatever the ratio (at most about 1000 : 1). */
const INPUT_BYTES = 16 * 1024;

/**
 * Feeds a zlib stream one slice at a time and takes its output at once: destroyed by an error, a stream drops whatever
 * it has decoded and nobody has read, so nothing may be left lying in it.
 */
async function* inflated(bytes: Chunks, stream: Duplex, outcome: Outcome): AsyncGenerator<Buffer> {
  const output: Buffer[] = [];
  let ended = false;
  let wake: () => void = () => {};
  stream.on("data", (chunk: Buffer) => output.push(chunk));
  stream.on("end", () => {
    // Also without our asking: behind the last member only zeros follow (padding, as tapes have it).
    ended = true;
    wake();
  });
  stream.on("error", () => {
    outcome.broken = true;
    ended = true;
    wake();
  });
  const step = (start: (done: () => void) => void) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      start(resolve);
    });

  try {
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length && !ended; at += INPUT_BYTES) {
        await step((done) => stream.write(chunk.subarray(at, at + INPUT_BYTES), done));
        yield* output.splice(0);
      }
      if (ended) {
        return;
      }
    }
    // "end" or "error" comes after the stream has said its last word.
    await step(() => stream.end());
    yield* output.splice(0);
  } finally {
    stream.destroy();
  }
}

/** Node has zstd from 22.15 on; the types of the oldest supported Node do not know it. */
function builtInZstd(zlib: object): Duplex | undefined {
  const create: unknown = Reflect.get(zlib, "createZstdDecompress");
  const stream: unknown = typeof create === "function" ? create() : undefined;
  return stream instanceof Duplex ? stream : undefined;
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
  let readError: Error | undefined;
  pipeline(copies(bytes), child.stdin, (error) => {
    // EPIPE: zstd has given up on damaged data, which its exit code tells. Anything else is a failure to read.
    if (error && !("code" in error && error.code === "EPIPE")) {
      readError = error;
    }
  });
  try {
    const chunks: Chunks = child.stdout;
    yield* chunks;
    const [exitCode] = await closed;
    if (readError !== undefined) {
      throw readError;
    }
    outcome.broken = exitCode !== 0;
  } finally {
    child.kill();
  }
}

/** Of chunks that are valid only until the next one is asked for, and may wait longer in a stream. */
async function* copies(bytes: Chunks): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    yield Buffer.from(chunk);
  }
}
