import { Duplex } from "node:stream";
import { type Compression, contentOf, isTar, MAGIC_BYTES } from "./compressions.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { InputError } from "./input-error.ts";
import { asUtf8 } from "./text-encoding.ts";
import { INPUT_BYTES, ZlibDecoder } from "./zlib-decoder.ts";

/** Decompressed chunks; at last, true if the data was whole. */
type Decoded = AsyncGenerator<Buffer, boolean>;

/** The chunk that ends the last line of incomplete data. */
export const ADDED_NEWLINE = Buffer.from("\n");

/**
 * The decompressed bytes of one piece, plain or compressed, as UTF-8; `path` is for messages. Incomplete or damaged data yields what
 * can be decoded before the fault, ends the line there, and counts as a truncated input. A damaged spot also loses what was
 * decoded of the same slice of input, up to a chunk of output. The iteration of `bytes` ends with this one.
 * @throws InputError corrupt, decoderMissing, container
 */
export async function* decompressed(
  bytes: AsyncGenerator<Buffer>,
  path: string,
  diagnostics: Diagnostics,
): AsyncGenerator<Buffer> {
  try {
    yield* asUtf8(unpacked(bytes, path, diagnostics), ADDED_NEWLINE);
  } finally {
    await bytes.return(undefined);
  }
}

async function* unpacked(
  bytes: AsyncGenerator<Buffer>,
  path: string,
  diagnostics: Diagnostics,
): AsyncGenerator<Buffer> {
  const { head, whole } = await peek(bytes);
  const content = contentOf(head);
  if ("container" in content) {
    throw new InputError({ code: "container", path, container: content.container });
  }
  if ("isText" in content) {
    yield* whole;
    return;
  }

  const { compression } = content;
  const chunks = await decoded(compression, whole, path);
  let lastByte: number | null = null;
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await chunks.next();
      if (done === true) {
        isWhole = value;
        break;
      }
      if (lastByte === null && isTar(value)) {
        throw new InputError({ code: "container", path, container: "tar" });
      }
      lastByte = value.at(-1) ?? lastByte;
      yield value;
    }
  } finally {
    await chunks.return(false);
  }
  if (!isWhole) {
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

/** Loads decoders only where needed: most logs are plain text, and short ones must not wait for the import. */
async function decoded(
  compression: Compression,
  bytes: AsyncGenerator<Buffer>,
  path: string,
): Promise<Decoded> {
  if (compression === "gzip") {
    const { gunzip } = await import("./gunzip.ts");
    return gunzip(bytes);
  }
  const builtIn = compression === "zstd" ? builtInZstd(await import("node:zlib")) : null;
  if (builtIn !== null) {
    return decodedBy(builtIn, bytes);
  }
  const { decompressedBy } = await import("./decompression-command.ts");
  return decompressedBy(compression, bytes, path);
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

async function* decodedBy(stream: Duplex, bytes: AsyncIterable<Buffer>): Decoded {
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
    return !decoder.hasFailed;
  } finally {
    decoder.close();
  }
}

/** Node has zstd from 22.15 on; the types of the oldest supported Node lack it. Null: not in this Node. */
function builtInZstd(zlib: object): Duplex | null {
  const create: unknown = Reflect.get(zlib, "createZstdDecompress");
  const stream: unknown = typeof create === "function" ? create() : null;
  return stream instanceof Duplex ? stream : null;
}
