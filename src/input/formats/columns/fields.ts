import { startsWith } from "../native/calls.ts";
import { isBlank, isDigit } from "../native/cursor.ts";
import { byteTable, classEnd, DIGITS, HEX, LETTER, WORD } from "./bytes.ts";
import { type CallStart, callAt } from "./call-start.ts";
import { roleOfName } from "./column-names.ts";
import { clockStart, timeEnd } from "./field-time.ts";
import { unitAt } from "./time-unit.ts";

/** The kinds of a field, by its form. */
export const FieldKind = {
  /** anything that is none of the others */
  text: 0,
  /** digits, perhaps hexadecimal ones without 0x */
  number: 1,
  /** `0x` and hexadecimal digits, or nil */
  hex: 2,
  /** a place in code: `lib.so+0x41` */
  place: 3,
  /** `digits.digits` */
  fraction: 4,
  /** a clock, perhaps with a date and a zone */
  clock: 5,
} as const;

export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

/** A line with more fields has no columns. */
export const MAX_FIELDS = 24;

/** A name in brackets or quotes is no longer. */
const MAX_NAME_BYTES = 200;

/** So many hexadecimal digits without 0x are a number, if one of them is below 10. */
const HEX_DIGITS = { from: 5, to: 16 } as const;

/**
 * Takes apart what stands before or behind a call: fields, with blanks, brackets, quotes and punctuation between them. What
 * is in brackets or quotes is one field if it is a name, as those of threads and functions, which may have blanks. A word
 * before a value, as in `tid=7`, is no field of its own. Reads each byte a bounded number of times.
 */
export class Fields {
  count = 0;
  readonly starts = new Int32Array(MAX_FIELDS);
  readonly ends = new Int32Array(MAX_FIELDS);
  /** one of `FieldKind` */
  readonly kinds = new Uint8Array(MAX_FIELDS);
  /** index of the word before the value of each field; −1: none */
  readonly names = new Int32Array(MAX_FIELDS);
  /** index of the clock in each time */
  readonly clocks = new Int32Array(MAX_FIELDS + 1);
  /** the call at which the fields end; null: there is none */
  call: CallStart | null = null;
  /** index of the call's name */
  callStart = 0;
  /** index of the # of a comment where a field could stand, and the fields before it; −1: there is none */
  comment = -1;
  fieldsBeforeComment = 0;
  /** the block before the call, as in `0x5581a2b0 = malloc(24)`, which is no field; an end of 0: there is none */
  resultStart = 0;
  resultEnd = 0;

  #bytes: Buffer = Buffer.alloc(1);
  #at = 0;
  #end = 0;
  #name = -1;

  /**
   * Reads the fields of `bytes[at, end)` up to the first call; `bytes[end]` must be \r or \n. Returns false if there is none, or if
   * the fields are too many: then all of them are read, or the first.
   */
  readToCall(bytes: Buffer, at: number, end: number): boolean {
    this.#start(bytes, at, end);
    while (this.#skipToField()) {
      this.call = callAt(bytes, this.#at, end);
      if (this.call !== null) {
        this.callStart = this.#at;
        this.#takeResult();
        return true;
      }
      if (!this.#readField()) {
        return false;
      }
    }
    return false;
  }

  #start(bytes: Buffer, at: number, end: number): void {
    this.count = 0;
    this.call = null;
    this.comment = -1;
    this.resultEnd = 0;
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.#name = -1;
  }

  /** Moves to the next field, over a name in brackets too. Returns false at the end. */
  #skipToField(): boolean {
    const bytes = this.#bytes;
    while (this.#at < this.#end) {
      const byte = bytes[this.#at]!;
      if (WORD[byte] === 1 || this.#isPathAt(this.#at)) {
        return true;
      }
      if (byte === HASH) {
        this.#noteComment();
      }
      this.#at++;
      const closing = CLOSING[byte]!;
      if (closing !== 0 && !this.#readName(byte, closing)) {
        return false;
      }
    }
    return false;
  }

  /** `/usr/lib/libc.so` or `./a.out`, but not what follows a word */
  #isPathAt(at: number): boolean {
    const byte = this.#bytes[at]!;
    if (byte !== SLASH && byte !== DOT) {
      return false;
    }
    const next = this.#bytes[at + 1] ?? 0;
    const before = at === 0 ? SPACE : this.#bytes[at - 1]!;
    return (next === SLASH || LETTER[next] === 1) && (isBlank(before) || CLOSING[before]! > 0);
  }

  /** Takes the last field for the call's result, if it is an address and a sign stands between them. */
  #takeResult(): void {
    const bytes = this.#bytes;
    const last = this.count - 1;
    const sign = blanksBefore(bytes, this.callStart) - 1;
    const isArrow = bytes[sign] === MINUS && bytes[sign - 1] === LESS;
    if (last < 0 || !(bytes[sign] === EQUALS || isArrow)) {
      return;
    }
    const [start, end] = [this.starts[last]!, this.ends[last]!];
    const isAddress =
      this.kinds[last] === FieldKind.hex ||
      (this.kinds[last] === FieldKind.number && end - start >= HEX_DIGITS.from);
    const behind = blanksBefore(bytes, isArrow || bytes[sign - 1] === COLON ? sign - 1 : sign);
    if (isAddress && (behind === end || (behind === end + 1 && bytes[end] === CLOSE))) {
      this.resultStart = start;
      this.resultEnd = end;
      this.count = last;
    }
  }

  #noteComment(): void {
    const before = this.#at === 0 ? SPACE : this.#bytes[this.#at - 1]!;
    if (this.comment < 0 && isBlank(before) && isBlank(this.#bytes[this.#at + 1] ?? 0)) {
      this.comment = this.#at;
      this.fieldsBeforeComment = this.count;
    }
  }

  /** Reads a name in brackets, if one begins here. Returns false if it is one field too many. */
  #readName(opening: number, closing: number): boolean {
    const bytes = this.#bytes;
    const start = classEnd(bytes, this.#at, BLANKS);
    if (!(LETTER[bytes[start]!] === 1 || this.#isPathAt(start)) || start >= this.#end) {
      return true;
    }
    const word = classEnd(bytes, start, WORD);
    const close = this.#closeOf(opening, closing, start);
    if (close < 0 || bytes.subarray(start, close).length === word - start) {
      return true;
    }
    const follows = bytes[word] ?? 0;
    const isNamed =
      follows === EQUALS ||
      (follows === COLON && isDigit(bytes[word + 1] ?? 0)) ||
      roleOfName(bytes.toString("latin1", start, word)) !== null;
    const hasValues = /\w=["'\d]/.test(bytes.toString("latin1", start, close));
    if (
      isNamed ||
      hasValues ||
      clockStart(bytes, start) >= 0 ||
      callAt(bytes, start, this.#end) !== null
    ) {
      return true;
    }
    let end = close;
    while (isBlank(bytes[end - 1]!)) {
      end--;
    }
    this.#at = close + 1;
    return this.#add(this.#hasOffset(start, end) ? FieldKind.place : FieldKind.text, start, end);
  }

  /** Index of the bracket that closes one before `start`; −1: there is none */
  #closeOf(opening: number, closing: number, start: number): number {
    const last = Math.min(this.#end, start + MAX_NAME_BYTES);
    let depth = 1;
    for (let at = start; at < last; at++) {
      const byte = this.#bytes[at]!;
      if (byte === closing) {
        depth--;
      } else if (byte === opening) {
        depth++;
      }
      if (depth === 0) {
        return at;
      }
    }
    return -1;
  }

  /** Reads the field that begins here. Returns false if it is one too many. */
  #readField(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    const first = bytes[start]!;
    const clock = isDigit(first) || isCapital(first) ? clockStart(bytes, start) : -1;
    if (clock >= 0) {
      this.#at = timeEnd(bytes, clock);
      this.clocks[this.count] = clock;
      return this.#add(FieldKind.clock, start, this.#at);
    }
    return isDigit(first) ? this.#readNumber(start) : this.#readWord(start);
  }

  #readNumber(start: number): boolean {
    const bytes = this.#bytes;
    let end = classEnd(bytes, start, DIGITS);
    let kind: FieldKind = FieldKind.number;
    if (bytes[start] === ZERO && (bytes[start + 1]! | 0x20) === LOWER_X) {
      end = classEnd(bytes, start + 2, HEX);
      kind = FieldKind.hex;
    } else if (bytes[end] === DOT && isDigit(bytes[end + 1]!)) {
      end = classEnd(bytes, end + 1, DIGITS);
      kind = FieldKind.fraction;
    } else if (WORD[bytes[end]!] === 1 && this.#isHexWord(start)) {
      end = classEnd(bytes, start, HEX);
    }
    const unit = WORD[bytes[end]!] === 1 && kind !== FieldKind.hex ? unitAt(bytes, end) : null;
    if (unit !== null && IN_WORDS[bytes[unit.end]!] !== 1) {
      this.#at = unit.end;
      return this.#add(kind, start, end);
    }
    const isVersion = bytes[end] === DOT && isDigit(bytes[end + 1]!);
    if (WORD[bytes[end]!] === 1 || isVersion) {
      return this.#readWord(start);
    }
    this.#at = end;
    return this.#add(kind, start, end);
  }

  #readWord(start: number): boolean {
    const bytes = this.#bytes;
    if (isNull(bytes, start)) {
      this.#at = classEnd(bytes, start, WORD);
      return this.#add(FieldKind.hex, start, this.#at);
    }
    if (this.#isHexWord(start)) {
      this.#at = classEnd(bytes, start, HEX);
      return this.#add(FieldKind.number, start, this.#at);
    }
    const word = classEnd(bytes, start, WORD);
    const follows = bytes[word] ?? 0;
    if (follows === EQUALS || (follows === COLON && isDigit(bytes[word + 1] ?? 0))) {
      this.#name = start;
      this.#at = word + 1;
      return true;
    }
    const end = this.#wordEnd(start);
    this.#at = end;
    return this.#add(this.#hasOffset(start, end) ? FieldKind.place : FieldKind.text, start, end);
  }

  /** Index behind a word with signs in it, as in `web-1`, `std::string`, `libc.so.6` or `app.c:12` */
  #wordEnd(start: number): number {
    const bytes = this.#bytes;
    let at = start + 1;
    while (at < this.#end) {
      at = classEnd(bytes, at, WORD);
      if (IN_WORDS[bytes[at]!] !== 1 || this.#endsWord(at)) {
        return Math.min(at, this.#end);
      }
      at++;
    }
    return this.#end;
  }

  /** True for a colon before a blank, the arrow of `a.out->malloc(`, and a sign right before a call. */
  #endsWord(at: number): boolean {
    const byte = this.#bytes[at]!;
    const next = this.#bytes[at + 1]!;
    if (byte === COLON && WORD[next] !== 1 && next !== COLON) {
      return true;
    }
    return (byte === MINUS && next === GREATER) || callAt(this.#bytes, at + 1, this.#end) !== null;
  }

  #isHexWord(start: number): boolean {
    const bytes = this.#bytes;
    const end = classEnd(bytes, start, HEX);
    const digits = end - start;
    if (digits < HEX_DIGITS.from || digits > HEX_DIGITS.to || WORD[bytes[end]!] === 1) {
      return false;
    }
    for (let at = start; at < end; at++) {
      if (isDigit(bytes[at]!)) {
        return true;
      }
    }
    return false;
  }

  /** True if `+0x` stands in it. */
  #hasOffset(start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      if (this.#bytes[at] === PLUS && startsWith(this.#bytes, at, OFFSET)) {
        return true;
      }
    }
    return false;
  }

  #add(kind: FieldKind, start: number, end: number): boolean {
    const at = this.count;
    if (at === MAX_FIELDS) {
      return false;
    }
    this.kinds[at] = kind;
    this.starts[at] = start;
    this.ends[at] = end;
    this.names[at] = this.#name;
    this.#name = -1;
    this.count = at + 1;
    return true;
  }
}

function isNull(bytes: Buffer, start: number): boolean {
  const first = bytes[start]! | 0x20;
  if (first !== LOWER_N) {
    return false;
  }
  return NULLS.some((word) => startsWith(bytes, start, word) && !WORD[bytes[start + word.length]!]);
}

/** Index behind what stands before the blanks that end at `at`. */
function blanksBefore(bytes: Buffer, at: number): number {
  let end = at;
  while (end > 0 && isBlank(bytes[end - 1]!)) {
    end--;
  }
  return end;
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/** The bracket or quote that closes what each byte opens; 0: it opens nothing. */
const CLOSING = new Uint8Array(256);
for (const [opening, closing] of ["[]", "()", "{}", "<>", '""', "''", "``"].map((pair) =>
  Buffer.from(pair),
)) {
  CLOSING[opening ?? 0] = closing ?? 0;
}

const NULLS: readonly Buffer[] = ["nil", "NULL"].map((word) => Buffer.from(word));
const OFFSET = Buffer.from("+0x");
const BLANKS = byteTable(" \t");
const IN_WORDS = byteTable("-.+/:@!#*~$%?&^\\");

const SPACE = 0x20;
const HASH = 0x23;
const CLOSE = 0x29;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const COLON = 0x3a;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const LOWER_N = 0x6e;
const LOWER_X = 0x78;
