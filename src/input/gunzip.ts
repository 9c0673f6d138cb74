import { crc32, createInflateRaw } from "node:zlib";
import { INPUT_BYTES, OUTPUT_BYTES, ZlibDecoder } from "./zlib-decoder.ts";

/** The magic number, and the only method: deflate. */
const MAGIC = [0x1f, 0x8b, 8] as const;
const FIXED_BYTES = 10;
const TRAILER_BYTES = 8;

/** Bits of the header's flags. */
const HEADER_CRC = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;

/**
 * Decompresses gzip data (RFC 1952), member by member. Node's own decoder drops what it has decoded of a slice of input if
 * it finds an error in the same slice: of whole members followed by garbage it loses the last lines. Returns false if the
 * data is damaged or incomplete, after all that can be decoded before the fault; a damaged member also loses what was
 * decoded of the faulty slice.
 */
export async function* gunzip(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, boolean> {
  const input = new Input(bytes[Symbol.asyncIterator]());
  try {
    for (;;) {
      const found = await readHeader(input);
      if (found !== "member") {
        return found === "end";
      }
      const isWhole = yield* inflateMember(input);
      if (!isWhole) {
        return false;
      }
    }
  } finally {
    await input.close();
  }
}

/** Reads a member's header. "end": nothing follows but zeros, which pad archives on tapes. */
async function readHeader(input: Input): Promise<"member" | "end" | "garbage"> {
  let first = await input.byte();
  while (first === 0) {
    first = await input.byte();
  }
  if (first === -1) {
    return "end";
  }
  const header = [first];
  while (header.length < FIXED_BYTES) {
    header.push(await input.byte());
  }
  const flags = header[3]!;
  if (MAGIC.some((byte, i) => header[i] !== byte) || header.at(-1) === -1) {
    return "garbage";
  }
  if (flags & EXTRA) {
    const length = (await input.byte()) + 256 * (await input.byte());
    await input.skip(length);
  }
  for (const text of [NAME, COMMENT]) {
    if (flags & text) {
      while ((await input.byte()) > 0) {}
    }
  }
  if (flags & HEADER_CRC) {
    await input.skip(2);
  }
  return "member";
}

/** Decompresses a member's data and checks its trailer. Returns false if it is damaged or incomplete. */
async function* inflateMember(input: Input): AsyncGenerator<Buffer, boolean> {
  const stream = createInflateRaw({ chunkSize: OUTPUT_BYTES });
  const decoder = new ZlibDecoder(stream);
  let checksum = 0;
  let length = 0;
  let fed = 0;
  try {
    while (!decoder.hasEnded) {
      const slice = await input.slice();
      fed += slice?.length ?? 0;
      await (slice === null ? decoder.end() : decoder.write(slice));
      for (const chunk of decoder.take()) {
        checksum = crc32(chunk, checksum);
        length += chunk.length;
        yield chunk;
      }
    }
  } finally {
    decoder.close();
  }
  if (decoder.hasFailed) {
    return false;
  }
  input.giveBack(fed - stream.bytesWritten);
  const trailer = Buffer.alloc(TRAILER_BYTES);
  for (let i = 0; i < TRAILER_BYTES; i++) {
    const byte = await input.byte();
    if (byte === -1) {
      return false;
    }
    trailer[i] = byte;
  }
  return trailer.readUInt32LE(0) === checksum && trailer.readUInt32LE(4) === length % 2 ** 32;
}

/** Bytes read one by one, or by slices. */
class Input {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  /** Returns the next byte; −1 at the end. */
  async byte(): Promise<number> {
    while (this.#at === this.#chunk.length) {
      if (!(await this.#next())) {
        return -1;
      }
    }
    return this.#chunk[this.#at++]!;
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0 && (await this.byte()) >= 0; left--) {}
  }

  /** Returns the next bytes, which are valid until the next call; null at the end. */
  async slice(): Promise<Buffer | null> {
    while (this.#at === this.#chunk.length) {
      if (!(await this.#next())) {
        return null;
      }
    }
    const slice = this.#chunk.subarray(this.#at, this.#at + INPUT_BYTES);
    this.#at += slice.length;
    return slice;
  }

  /** The last `bytes` of the latest slice are still to be read. */
  giveBack(bytes: number): void {
    this.#at -= bytes;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #next(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done === true) {
      return false;
    }
    this.#chunk = value;
    this.#at = 0;
    return true;
  }
}
