/**
 * What an instance keeps from call to call, its state, lies below HEAD_BYTES and from STORE on. Between them are the
 * compiler's constants, and the batch that it works on.
 */
export const HEAD_BYTES = 4096;
export const STORE = 0x100000;

/** Views of an instance's memory. */
export interface StateMemory {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
}

/** The bytes of a state that no instance holds. They do not change. */
export interface StateImage {
  /** bytes of the state, a multiple of 64 */
  readonly length: number;
  /** Writes the state to the memory of an instance, which has room. */
  writeTo(memory: StateMemory): void;
  /** An image for another owner, in the memory of `recycled` where that serves. */
  copy(recycled: StateImage | null): StateImage;
}

/** Images up to this size are packed: a log may have a thousand processes, each with dozens of states. */
const MOST_PACKED = 65536;

/** Returns an image of a state of `length` bytes, in the memory of `recycled`, which nobody else uses, where that serves. */
export function imageOf(
  { u8, i32 }: StateMemory,
  length: number,
  recycled: StateImage | null,
): StateImage {
  if (length <= MOST_PACKED) {
    return new PackedImage(i32, length);
  }
  const bytes = bytesFor(length, recycled);
  bytes.set(u8.subarray(0, HEAD_BYTES));
  bytes.set(u8.subarray(STORE, STORE + length - HEAD_BYTES), HEAD_BYTES);
  return new PlainImage(bytes);
}

class PlainImage implements StateImage {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get length(): number {
    return this.bytes.length;
  }

  writeTo({ u8 }: StateMemory): void {
    u8.set(this.bytes.subarray(0, HEAD_BYTES));
    u8.set(this.bytes.subarray(HEAD_BYTES), STORE);
  }

  copy(recycled: StateImage | null): StateImage {
    const bytes = bytesFor(this.length, recycled);
    bytes.set(this.bytes);
    return new PlainImage(bytes);
  }
}

/** Room for a quarter more than a state has: it often grows before its memory is used again. */
const ROOM = 1.25;

/** Returns `length` bytes of unspecified content: those of `recycled` if its memory has room. */
function bytesFor(length: number, recycled: StateImage | null): Uint8Array {
  const memory = recycled instanceof PlainImage ? recycled.bytes.buffer : null;
  return memory !== null && memory.byteLength >= length
    ? new Uint8Array(memory, 0, length)
    : new Uint8Array(new ArrayBuffer(Math.ceil(length * ROOM)), 0, length);
}

/** Words of a line: 64 bytes. */
const LINE = 16;
const HEAD_LINES = HEAD_BYTES / (4 * LINE);
const STORE_LINES = STORE / (4 * LINE);

/** the lines of the image that is being made */
const found = new Int32Array(MOST_PACKED / (4 * LINE));

/** The lines of a state that hold something: tables have room, so that three quarters of a small state are zero. */
class PackedImage implements StateImage {
  readonly length: number;
  /** the numbers of the lines, then their words */
  readonly #words: Int32Array;
  readonly #lines: number;

  constructor(memory: Int32Array, length: number) {
    this.length = length;
    const end = STORE_LINES + length / (4 * LINE) - HEAD_LINES;
    const lines = findLines(memory, STORE_LINES, end, findLines(memory, 0, HEAD_LINES, 0));
    const words = roomFor(lines * (1 + LINE));
    for (let n = 0; n < lines; n++) {
      const from = found[n]! * LINE;
      const to = lines + n * LINE;
      words[n] = found[n]!;
      for (let i = 0; i < LINE; i++) {
        words[to + i] = memory[from + i]!;
      }
    }
    this.#words = words;
    this.#lines = lines;
  }

  writeTo({ u8, i32 }: StateMemory): void {
    u8.fill(0, 0, HEAD_BYTES);
    u8.fill(0, STORE, STORE + this.length - HEAD_BYTES);
    const words = this.#words;
    const lines = this.#lines;
    for (let n = 0; n < lines; n++) {
      const to = words[n]! * LINE;
      const from = lines + n * LINE;
      for (let i = 0; i < LINE; i++) {
        i32[to + i] = words[from + i]!;
      }
    }
  }

  copy(): StateImage {
    return this;
  }
}

/**
 * Packed images are cut from larger blocks, which cost less than a block each: thousands of them among blocks of other sizes
 * keep the allocator from returning memory.
 */
const BLOCK_WORDS = 65536;
let block = new Int32Array(0);
let used = 0;

/** Returns `words` words, which are zero. */
function roomFor(words: number): Int32Array {
  if (used + words > block.length) {
    block = new Int32Array(BLOCK_WORDS);
    used = 0;
  }
  const from = used;
  used += words;
  return block.subarray(from, used);
}

/** Adds the lines from..to-1 that are not zero to the `count` found. Returns how many there are then. */
function findLines(memory: Int32Array, from: number, to: number, count: number): number {
  let n = count;
  for (let line = from; line < to; line++) {
    let bits = 0;
    for (let at = line * LINE, end = at + LINE; at < end; at++) {
      bits |= memory[at]!;
    }
    if (bits !== 0) {
      found[n++] = line;
    }
  }
  return n;
}
