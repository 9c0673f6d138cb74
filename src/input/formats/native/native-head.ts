import { isBlank, isDigit, type NativeCursor } from "./cursor.ts";

/** Reads what stands before the call: `tid [time] ["[" pointer "]" | "[" text "]"]`. Valid after `read` returned true. */
export class NativeHead {
  tid = 0;
  /** µs; NaN: none */
  time = Number.NaN;
  /** 0: none */
  caller = 0;
  /** the caller's text, where it is no address; nameEnd 0: none */
  nameStart = 0;
  nameEnd = 0;
  readonly #timeDecimals: number;

  constructor(timeDecimals: number) {
    this.#timeDecimals = timeDecimals;
  }

  /** Returns false if the line does not begin so. */
  read(cursor: NativeCursor): boolean {
    return this.#readTid(cursor) && this.#readTime(cursor) && this.#readCaller(cursor);
  }

  #readTid(cursor: NativeCursor): boolean {
    if (!cursor.decimal(10) || cursor.value > 0x7fffffff) {
      return false;
    }
    this.tid = cursor.value;
    return isSeparated(cursor);
  }

  #readTime(cursor: NativeCursor): boolean {
    this.time = Number.NaN;
    if (!isDigit(cursor.peek())) {
      return true;
    }
    if (!cursor.time(this.#timeDecimals)) {
      return false;
    }
    this.time = cursor.value;
    return isSeparated(cursor);
  }

  #readCaller(cursor: NativeCursor): boolean {
    this.caller = 0;
    this.nameEnd = 0;
    if (!cursor.punctuation(OPEN_BRACKET)) {
      return true;
    }
    const start = cursor.at;
    if (cursor.pointer()) {
      const { value } = cursor;
      if (cursor.punctuation(CLOSE_BRACKET)) {
        this.caller = value;
        return true;
      }
    }
    cursor.at = start;
    return this.#readName(cursor);
  }

  /** Text up to the first bracket before a blank: `operator new[](unsigned long)` has one that is its own. */
  #readName(cursor: NativeCursor): boolean {
    const start = cursor.at;
    while (cursor.peek() !== CLOSE_BRACKET || !isBlank(cursor.bytes[cursor.at + 1] ?? 0)) {
      if (cursor.at === cursor.end) {
        return false;
      }
      cursor.at++;
    }
    if (cursor.at === start) {
      return false;
    }
    this.nameStart = start;
    this.nameEnd = cursor.at;
    cursor.at++;
    cursor.blanks();
    return true;
  }
}

/** Skips blanks; false if there are none and no bracket follows. */
function isSeparated(cursor: NativeCursor): boolean {
  const before = cursor.at;
  cursor.blanks();
  return cursor.at > before || cursor.peek() === OPEN_BRACKET;
}

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
