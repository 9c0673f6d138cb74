import { isDigit, type NativeCursor } from "./cursor.ts";
import type { Column, Layout } from "./layout.ts";
import type { LineHead } from "./line-head.ts";
import { ThreadHandles } from "./thread-handles.ts";

/** Reads a fixed sequence of fields before the call. */
export class ColumnHead implements LineHead {
  /** 0: there is no such column */
  pid = 0;
  tid = 0;
  time = Number.NaN;
  caller = 0;
  readonly nameStart = 0;
  readonly nameEnd = 0;
  readonly #columns: readonly Column[];
  readonly #timeDecimals: number;
  readonly #handles: ThreadHandles | null;

  constructor(columns: readonly Column[], { timeDecimals, threads }: Layout) {
    this.#columns = columns;
    this.#timeDecimals = timeDecimals;
    this.#handles = threads === "handles" ? new ThreadHandles() : null;
  }

  read(cursor: NativeCursor): boolean {
    skipSeparators(cursor);
    if (cursor.peek() === HASH) {
      // A comment, which could else be a field of text.
      return false;
    }
    for (const column of this.#columns) {
      if (column.isNamed && !skipName(cursor)) {
        return false;
      }
      if (!this.#readField(cursor, column) || !skipEnd(cursor)) {
        return false;
      }
    }
    return true;
  }

  #readField(cursor: NativeCursor, { role, base, isDated }: Column): boolean {
    switch (role) {
      case "other":
        return skipText(cursor);
      case "time":
        this.time = Number.NaN;
        if ((isDated && !skipDate(cursor)) || !cursor.time(this.#timeDecimals)) {
          return false;
        }
        this.time = cursor.value;
        return !isDated || skipZone(cursor);
      case "caller":
        if (!cursor.pointer()) {
          return false;
        }
        this.caller = cursor.value;
        return true;
      case "pid":
        if (!readNumber(cursor, base)) {
          return false;
        }
        this.pid = cursor.value;
        return true;
      case "tid":
        return readNumber(cursor, base) && this.#setTid(cursor.value);
      default:
        role satisfies never;
        return false;
    }
  }

  #setTid(value: number): boolean {
    this.tid = this.#handles === null ? value : this.#handles.numberOf(value);
    return this.tid <= 0x7fffffff;
  }
}

function readNumber(cursor: NativeCursor, base: 10 | 16): boolean {
  if (cursor.isHexPrefix()) {
    cursor.at += 2;
    return cursor.hexadecimal();
  }
  return base === 16 ? cursor.hexadecimal() : cursor.decimal(20);
}

/** Skips `name=`; a name has no digit before its sign. */
function skipName(cursor: NativeCursor): boolean {
  while (isNameByte(cursor.peek())) {
    cursor.at++;
  }
  return cursor.skip(EQUALS);
}

/** Skips `YYYY-MM-DDT`. */
function skipDate(cursor: NativeCursor): boolean {
  while (isDigit(cursor.peek()) || cursor.peek() === MINUS) {
    cursor.at++;
  }
  return cursor.skip(UPPER_T);
}

/** Skips `Z`, `+01:00` or nothing after a clock. */
function skipZone(cursor: NativeCursor): boolean {
  return isSeparator(cursor.peek()) || isPunctuation(cursor.peek()) || skipText(cursor);
}

/** Skips at least one byte up to a separator. */
function skipText(cursor: NativeCursor): boolean {
  const start = cursor.at;
  while (cursor.at < cursor.end && !isSeparator(cursor.peek())) {
    cursor.at++;
  }
  return cursor.at > start;
}

/** Skips the punctuation after a field, and the separators; false if neither is there. */
function skipEnd(cursor: NativeCursor): boolean {
  const start = cursor.at;
  if (isPunctuation(cursor.peek())) {
    cursor.at++;
  }
  skipSeparators(cursor);
  return cursor.at > start;
}

function skipSeparators(cursor: NativeCursor): void {
  while (isSeparator(cursor.peek())) {
    cursor.at++;
  }
}

function isSeparator(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === OPEN_BRACKET || byte === CLOSE_BRACKET;
}

function isPunctuation(byte: number): boolean {
  return byte === COLON || byte === COMMA || byte === SEMICOLON || byte === BAR;
}

function isNameByte(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || byte === 0x5f;
}

const TAB = 0x09;
const SPACE = 0x20;
const HASH = 0x23;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const UPPER_T = 0x54;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const BAR = 0x7c;
