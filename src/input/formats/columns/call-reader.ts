import { Op } from "../../../trace/event.ts";
import { type NativeCall, Shape } from "../native/calls.ts";
import { isDigit, type NativeCursor } from "../native/cursor.ts";
import { byteTable, classEnd, DIGITS, LETTER } from "./bytes.ts";
import type { CallStart } from "./call-start.ts";
import type { Fields } from "./fields.ts";
import { nothingReturned, separator, sign, status } from "./result-sign.ts";

/**
 * Reads the arguments and the result of a call as hooks spell them: as in the native format, or with names before values
 * (`size=24`, `ptr: 0x10`), units behind them (`24 bytes`), and other signs before the result (`=>`, `:`, `returned`).
 * What a call returned is never guessed: a call without its block is no call.
 */
export class CallReader {
  // Valid after `read` returned true.
  op: Op = Op.malloc;
  size = 0;
  align = 0;
  pointerIn = 0;
  pointerOut = 0;
  /** the label of a mark, in the bytes of the cursor */
  labelStart = 0;
  labelEnd = 0;
  /** the pointers as logged: the last one given, and the one returned; an end of 0: none */
  inStart = 0;
  inEnd = 0;
  outStart = 0;
  outEnd = 0;

  #resultStart = 0;
  #resultEnd = 0;

  /** Reads a call and moves behind its result. `before`: the place of a result before the call; an end of 0: none */
  read(
    cursor: NativeCursor,
    { call, inside }: CallStart,
    { resultStart, resultEnd }: Pick<Fields, "resultEnd" | "resultStart">,
  ): boolean {
    this.#resultStart = resultStart;
    this.#resultEnd = resultEnd;
    this.op = call.op;
    this.size = 0;
    this.align = 0;
    this.pointerIn = 0;
    this.pointerOut = 0;
    this.inEnd = 0;
    this.outEnd = 0;
    cursor.at = inside;
    cursor.blanks();
    return this.#readCall(cursor, call.shape);
  }

  #readCall(cursor: NativeCursor, shape: NativeCall["shape"]): boolean {
    switch (shape) {
      case Shape.size:
        return this.#lastSize(cursor) && namedMore(cursor) && this.#result(cursor);
      case Shape.countSize:
        return this.#countAndSize(cursor) && namedMore(cursor) && this.#result(cursor);
      case Shape.pointerSize:
        return (
          this.#pointer(cursor) &&
          comma(cursor) &&
          this.#lastSize(cursor) &&
          namedMore(cursor) &&
          this.#result(cursor)
        );
      case Shape.pointerCountSize:
        return (
          this.#pointer(cursor) &&
          comma(cursor) &&
          this.#countAndSize(cursor) &&
          this.#result(cursor)
        );
      case Shape.alignSize:
        return this.#alignAndSize(cursor) && namedMore(cursor) && this.#result(cursor);
      case Shape.posixMemalign:
        return this.#posixMemalign(cursor);
      case Shape.cxxNew:
        return this.#size(cursor) && more(cursor) && this.#result(cursor);
      case Shape.cxxNewAligned:
        return (
          this.#size(cursor) &&
          comma(cursor) &&
          this.#align(cursor) &&
          more(cursor) &&
          this.#result(cursor)
        );
      case Shape.pointer:
      case Shape.cxxDelete:
        return this.#pointer(cursor) && more(cursor) && nothingReturned(cursor);
      case Shape.trim:
        return this.#size(cursor) && status(cursor);
      case Shape.mallopt:
        return this.#mallopt(cursor) && status(cursor);
      case Shape.nothing:
        return cursor.punctuation(CLOSE);
      case Shape.label:
        return this.#label(cursor);
      default:
        shape satisfies never;
        return false;
    }
  }

  #size(cursor: NativeCursor): boolean {
    if (!number(cursor)) {
      return false;
    }
    this.size = cursor.value;
    return true;
  }

  /** The size of a call that has no further number: a comma in it is that of thousands. */
  #lastSize(cursor: NativeCursor): boolean {
    if (!number(cursor, THOUSANDS)) {
      return false;
    }
    this.size = cursor.value;
    return true;
  }

  #countAndSize(cursor: NativeCursor): boolean {
    if (!number(cursor)) {
      return false;
    }
    const count = cursor.value;
    if (!comma(cursor) || !this.#size(cursor)) {
      return false;
    }
    this.size *= count;
    return true;
  }

  #align(cursor: NativeCursor): boolean {
    if (!number(cursor)) {
      return false;
    }
    this.align = cursor.value;
    return true;
  }

  #alignAndSize(cursor: NativeCursor): boolean {
    return this.#align(cursor) && comma(cursor) && this.#size(cursor);
  }

  #pointer(cursor: NativeCursor): boolean {
    skipName(cursor);
    skipType(cursor);
    this.inStart = cursor.at;
    if (!cursor.pointer()) {
      return false;
    }
    this.inEnd = cursor.at;
    this.pointerIn = cursor.value;
    return true;
  }

  /** C's result is an error number: only a marked pointer is the block's address. */
  #posixMemalign(cursor: NativeCursor): boolean {
    const start = cursor.at;
    if (this.#alignAndSize(cursor) && cursor.punctuation(CLOSE)) {
      return this.#returned(cursor);
    }
    cursor.at = start;
    skipName(cursor);
    return (
      cursor.pointer() &&
      comma(cursor) &&
      this.#alignAndSize(cursor) &&
      cursor.punctuation(CLOSE) &&
      sign(cursor) &&
      isMarkedPointer(cursor) &&
      this.#block(cursor)
    );
  }

  #mallopt(cursor: NativeCursor): boolean {
    if (!cursor.integer()) {
      return false;
    }
    this.align = cursor.value;
    if (!comma(cursor) || !cursor.integer()) {
      return false;
    }
    this.size = cursor.value;
    return true;
  }

  #result(cursor: NativeCursor): boolean {
    return cursor.punctuation(CLOSE) && this.#returned(cursor);
  }

  /** A block without a sign before it must have 0x. */
  #returned(cursor: NativeCursor): boolean {
    const end = cursor.at;
    if (sign(cursor) || separator(cursor) || cursor.isHexPrefix()) {
      return this.#block(cursor);
    }
    if (this.#resultEnd === 0) {
      return false;
    }
    cursor.at = this.#resultStart;
    const isRead = this.#block(cursor) && cursor.at === this.#resultEnd;
    cursor.at = end;
    return isRead;
  }

  #block(cursor: NativeCursor): boolean {
    skipName(cursor);
    skipType(cursor);
    this.outStart = cursor.at;
    if (!cursor.pointer()) {
      return false;
    }
    this.outEnd = cursor.at;
    this.pointerOut = cursor.value;
    return true;
  }

  /** Everything up to the last closing parenthesis of the line, without blanks around it. */
  #label(cursor: NativeCursor): boolean {
    const start = cursor.at;
    let end = cursor.end - 1;
    while (end >= start && cursor.bytes[end] !== CLOSE) {
      end--;
    }
    if (end < start) {
      return false;
    }
    cursor.at = end + 1;
    while (end > start && BLANKS[cursor.bytes[end - 1]!] === 1) {
      end--;
    }
    this.labelStart = start;
    this.labelEnd = end;
    return true;
  }
}

/** `[name] number [unit]`, perhaps in groups of three digits: `1_000` */
function number(cursor: NativeCursor, separators = JOINTS): boolean {
  skipName(cursor);
  skipType(cursor);
  const start = cursor.at;
  if (!cursor.natural()) {
    return false;
  }
  const value = groupsEnd(cursor, start, separators);
  const { at, bytes } = cursor;
  const unit = classEnd(bytes, at, BLANKS);
  const end = classEnd(bytes, unit, LETTER);
  if (end > unit && UNITS.has(bytes.toString("latin1", unit, Math.min(end, unit + 6)))) {
    cursor.at = end;
  }
  cursor.value = value;
  return true;
}

/** Moves behind further groups of three digits, and returns the number with them. Three digits at most stand before them. */
function groupsEnd(cursor: NativeCursor, start: number, separators: Uint8Array): number {
  let { value } = cursor;
  const { bytes, at } = cursor;
  const separator = bytes[at]!;
  if (separators[separator] !== 1 || at - start > GROUP || bytes[start] === ZERO) {
    return value;
  }
  while (
    bytes[cursor.at] === separator &&
    classEnd(bytes, cursor.at + 1, DIGITS) === cursor.at + 1 + GROUP
  ) {
    cursor.at++;
    const group = cursor.decimal(GROUP) ? cursor.value : 0;
    value = value * 1000 + group;
  }
  return value;
}

/** Skips a cast before a value, as in `(size_t)24`. */
function skipType(cursor: NativeCursor): void {
  const { bytes, at } = cursor;
  if (bytes[at] !== OPEN) {
    return;
  }
  const close = classEnd(bytes, at + 1, TYPES);
  if (bytes[close] === CLOSE && !/^(?:nil|null)$/i.test(bytes.toString("latin1", at + 1, close))) {
    cursor.at = classEnd(bytes, close + 1, BLANKS);
  }
}

/** Skips `size=`, `size: ` and `size ` before a value: letters behind which no parenthesis or comma stands. */
function skipName(cursor: NativeCursor): void {
  const { bytes, at } = cursor;
  if (LETTER[bytes[at]!] !== 1) {
    return;
  }
  const word = classEnd(bytes, at, NAME);
  let next = classEnd(bytes, word, BLANKS);
  const isSigned = bytes[next] === EQUALS || bytes[next] === COLON;
  if (isSigned) {
    next = classEnd(bytes, next + 1, BLANKS);
  }
  const isBeforeNumber = next > word && isDigit(bytes[next]!);
  if (isSigned || isBeforeNumber) {
    cursor.at = next;
  }
}

function comma(cursor: NativeCursor): boolean {
  return cursor.punctuation(COMMA);
}

/** Skips further arguments. */
function more(cursor: NativeCursor): boolean {
  if (comma(cursor)) {
    while (cursor.at < cursor.end && cursor.peek() !== CLOSE) {
      cursor.at++;
    }
  }
  return true;
}

/** Skips further arguments whose names say that they are others than the call's. */
function namedMore(cursor: NativeCursor): boolean {
  cursor.blanks();
  if (cursor.peek() !== COMMA) {
    return true;
  }
  const { bytes } = cursor;
  const name = classEnd(bytes, cursor.at + 1, BLANKS);
  const end = classEnd(bytes, name, NAME);
  const hasName = LETTER[bytes[name]!] === 1 && (bytes[end] === EQUALS || bytes[end] === COLON);
  return hasName && more(cursor);
}

function isMarkedPointer(cursor: NativeCursor): boolean {
  const first = cursor.peek();
  return first === LOWER_N || first === UPPER_N || first === OPEN || cursor.isHexPrefix();
}

/** Also the suffixes of C's constants, as in `1000UL`. */
const UNITS: ReadonlySet<string> = new Set(
  "bytes byte B b U u UL ul ULL ull LU lu L l LL ll Z z ZU zu".split(" "),
);

/** Digits of a group. */
const GROUP = 3;

/** What stands between groups of digits; a comma only where it cannot stand between arguments. */
const JOINTS = byteTable("_'");
const THOUSANDS = byteTable("_',");

const BLANKS = byteTable(" \t");
/** `unsigned long`, `void *` */
const TYPES = byteTable("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:*& ");
const NAME = byteTable("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");

const ZERO = 0x30;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const COLON = 0x3a;
const EQUALS = 0x3d;
const UPPER_N = 0x4e;
const LOWER_N = 0x6e;
