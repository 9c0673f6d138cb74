import { startsWith } from "./calls.ts";

/**
 * A position in a line of the native format, and methods that read the next token there. They return false if the token
 * is not there, and may have moved then. Numbers are left in `value`.
 */
export class NativeCursor {
  bytes: Buffer = Buffer.alloc(1);
  /** index of the next byte; never beyond `end` */
  at = 0;
  /** `bytes[end]` is readable, and \r or \n, which no rule accepts: no method needs to check for the end of the line */
  end = 0;
  /** the number read last; undefined after a failure */
  value = 0;
  readonly #hasDecimalPointers: boolean;

  /** `pointerBase`: of pointers without 0x */
  constructor(pointerBase: 10 | 16) {
    this.#hasDecimalPointers = pointerBase === 10;
  }

  start(bytes: Buffer, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  pointer(): boolean {
    const words = NULLS[this.peek()];
    if (words !== undefined) {
      this.value = 0;
      return this.word(words[0]) || this.word(words[1]);
    }
    if (this.isHexPrefix()) {
      this.at += 2;
    } else if (this.#hasDecimalPointers) {
      return this.decimal(20);
    }
    return this.hexadecimal();
  }

  /** A decimal or 0x number, not negative. */
  natural(): boolean {
    if (this.isHexPrefix()) {
      this.at += 2;
      return this.hexadecimal();
    }
    return this.decimal(20);
  }

  /** A decimal or 0x number, perhaps negative. */
  integer(): boolean {
    const isNegative = this.skip(MINUS);
    if (!this.natural()) {
      return false;
    }
    if (isNegative) {
      this.value = 0 - this.value;
    }
    return true;
  }

  isHexPrefix(): boolean {
    // To lower case: X | 0x20 = x.
    return this.peek() === ZERO && (this.bytes[this.at + 1]! | 0x20) === LOWER_X;
  }

  hexadecimal(): boolean {
    const start = this.at;
    let high = 0;
    let low = 0;
    for (let digit = hexDigit(this.peek()); digit >= 0; digit = hexDigit(this.peek())) {
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
      this.at++;
    }
    // Both halves are exact, so the sum is rounded at most once.
    this.value = (high >>> 0) * 0x1_0000_0000 + (low >>> 0);
    const digits = this.at - start;
    return digits >= 1 && digits <= 16;
  }

  decimal(digitsMax: number): boolean {
    const start = this.at;
    let value = 0;
    while (isDigit(this.peek())) {
      value = value * 10 + (this.peek() - ZERO);
      this.at++;
    }
    if (value >= 2 ** 53) {
      // Rounded more than once, digit by digit. Sizes like (size_t)-1 are rare enough to make a string.
      value = Number(this.bytes.toString("latin1", start, this.at));
    }
    this.value = value;
    const digits = this.at - start;
    return digits >= 1 && digits <= digitsMax;
  }

  /**
   * `HH:MM:SS[.frac]` or `seconds[.frac]`, in µs. `decimals`: those that a number without colons has without a point: 3
   * for milliseconds.
   */
  time(decimals = 0): boolean {
    if (decimals > 0 && this.#scaledTime(decimals)) {
      return true;
    }
    if (!this.decimal(15)) {
      return false;
    }
    let seconds = this.value;
    if (isDigit(this.bytes[this.at + 1] ?? 0) && this.skip(COLON)) {
      const hours = seconds;
      if (!this.sixtieths(59)) {
        return false;
      }
      const minutes = this.value;
      if (!this.skip(COLON) || !this.sixtieths(60)) {
        return false;
      }
      seconds = hours * 3600 + minutes * 60 + this.value;
    }
    let nanoseconds = 0;
    if (this.skip(DOT)) {
      if (!isDigit(this.peek())) {
        return false;
      }
      for (let weight = 100_000_000; isDigit(this.peek()); this.at++) {
        nanoseconds += (this.peek() - ZERO) * weight;
        weight = Math.trunc(weight / 10);
      }
    }
    this.value = seconds * 1_000_000 + nanoseconds / 1000;
    return true;
  }

  /** A time in ms, µs or ns, in µs; parts of a ns are ignored. Does not move where a clock follows. */
  #scaledTime(decimals: number): boolean {
    const start = this.at;
    let end = start;
    while (isDigit(this.bytes[end]!)) {
      end++;
    }
    const digits = end - start;
    if (this.bytes[end] === COLON || digits < 1 || digits > 15 + decimals) {
      return false;
    }
    // Whole seconds and their fraction apart: ns since 1970 exceed 2^53.
    const point = Math.max(start, end - decimals);
    const seconds = this.#digits(start, point);
    const fraction = this.#digits(point, end);
    let microseconds = decimals > 6 ? fraction / 1000 : decimals < 6 ? fraction * 1000 : fraction;
    this.at = end;
    if (this.skip(DOT)) {
      for (let weight = decimals < 6 ? 100 : 0.1; isDigit(this.peek()); this.at++) {
        microseconds += decimals > 6 ? 0 : (this.peek() - ZERO) * weight;
        weight /= 10;
      }
    }
    this.value = seconds * 1_000_000 + microseconds;
    return true;
  }

  #digits(start: number, end: number): number {
    let value = 0;
    for (let at = start; at < end; at++) {
      value = value * 10 + (this.bytes[at]! - ZERO);
    }
    return value;
  }

  /** The two digits of minutes or seconds. */
  sixtieths(max: number): boolean {
    return this.decimal(2) && this.bytes[this.at - 2] !== COLON && this.value <= max;
  }

  /** The byte, with blanks before and after it or not. */
  punctuation(byte: number): boolean {
    this.blanks();
    if (!this.skip(byte)) {
      return false;
    }
    this.blanks();
    return true;
  }

  word(word: Buffer): boolean {
    if (!startsWith(this.bytes, this.at, word)) {
      return false;
    }
    this.at += word.length;
    return true;
  }

  blanks(): void {
    while (isBlank(this.peek())) {
      this.at++;
    }
  }

  skip(byte: number): boolean {
    if (this.peek() !== byte) {
      return false;
    }
    this.at++;
    return true;
  }

  peek(): number {
    // In bounds: `at` never passes `end`, and `bytes[end]` is readable.
    return this.bytes[this.at]!;
  }
}

const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const LOWER_X = 0x78;

/** The words for NULL, by their first byte. */
const NULLS: ([Buffer, Buffer] | undefined)[] = [];
for (const words of [
  ["nil", "null"],
  ["(nil)", "(null)"],
  ["NULL", "NIL"],
] as const) {
  const [one, other] = words.map((text) => Buffer.from(text));
  if (one !== undefined && other !== undefined) {
    NULLS[one[0] ?? 0] = [one, other];
  }
}

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

function hexDigit(byte: number): number {
  if (isDigit(byte)) {
    return byte - ZERO;
  }
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
