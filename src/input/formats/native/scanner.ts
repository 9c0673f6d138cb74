import { EVENTS_PER_BATCH } from "../../../trace/columns.ts";
import { Op } from "../../../trace/event.ts";
import type { EventSink } from "../../../trace/sink.ts";
import { type BlockScanner, MAX_LINE_BYTES } from "../../blocks-of-lines.ts";
import type { Diagnostics } from "../../diagnostics.ts";
import { NATIVE_LAYOUT } from "./layout.ts";
import { NativeLine } from "./line.ts";
import { NamedCallers } from "./named-callers.ts";

/**
 * Scans blocks of native lines from bytes directly into event columns. Hot: a line that parses allocates nothing. Nearly
 * all lines of a real log have exactly one form,
 *
 *     tid HH:MM:SS.ffffff [0xHEX] name(arguments) = 0xHEX       name: malloc, calloc, realloc, free
 *
 * which `#commonLine` reads in one pass. Any difference, even a blank, is left to `NativeLine`, which has the whole
 * grammar. Only a line that `NativeLine` rejects is checked for a comment or a blank line.
 */
export class NativeScanner implements BlockScanner {
  readonly #sink: EventSink;
  readonly #diagnostics: Diagnostics;
  readonly #maxLineBytes: number;
  readonly #line: NativeLine;
  /** false: lines have other columns, and no line has the common form */
  readonly #hasCommonLines: boolean;
  /** lines before the current one */
  #linesBefore: number;
  /** the process of each thread, where the lines state it */
  readonly #owners = new Map<number, number>();
  /** events not yet counted in the diagnostics */
  #parsed = 0;
  /** index after the number that `#hexadecimal` or `#decimal` read last */
  #at = 0;

  constructor(
    sink: EventSink,
    diagnostics: Diagnostics,
    maxLineBytes = MAX_LINE_BYTES,
    layout = NATIVE_LAYOUT,
  ) {
    this.#sink = sink;
    this.#diagnostics = diagnostics;
    this.#maxLineBytes = maxLineBytes;
    const { callerNames, markLabels } = diagnostics;
    this.#line = new NativeLine(layout, new NamedCallers(callerNames), markLabels);
    this.#linesBefore = diagnostics.lines.total;
    this.#hasCommonLines = layout.columns === null;
  }

  scan(bytes: Buffer, length: number): void {
    let at = 0;
    let parsed = 0;
    while (at < length) {
      // Before the line, so that the batch has a free row for it.
      if (this.#sink.batch.length === EVENTS_PER_BATCH) {
        this.#parsed += parsed;
        parsed = 0;
        this.#advance();
      }
      const next = this.#hasCommonLines ? this.#commonLine(bytes, at) : 0;
      if (next > 0) {
        parsed++;
        at = next;
      } else {
        const newline = bytes.indexOf(NEWLINE, at);
        if (newline < 0) {
          throw new RangeError("the last line has no newline");
        }
        this.#parsed += parsed;
        parsed = 0;
        this.#anyLine(bytes, at, newline);
        at = newline + 1;
      }
      this.#linesBefore++;
    }
    this.#parsed += parsed;
    this.#count();
  }

  /** The batch is full: the diagnostics are those of its lines. */
  #advance(): void {
    this.#count();
    this.#sink.advance();
  }

  #count(): void {
    const { lines } = this.#diagnostics;
    lines.parsed += this.#parsed;
    this.#parsed = 0;
    lines.total = this.#linesBefore;
  }

  /** Nothing is held back. */
  decide(): void {}

  overlongLine(bytes: Buffer, length: number): void {
    this.#linesBefore++;
    this.#count();
    this.#diagnostics.malformed(this.#linesBefore, "overlong", bytes, 0, length);
  }

  cutLine(bytes: Buffer, length: number): void {
    this.#linesBefore++;
    this.#count();
    this.#diagnostics.malformed(this.#linesBefore, "unparsable", bytes, 0, length);
  }

  /**
   * Reads the line at `start` into the batch if it has the common form. Returns the index of the next line, or 0. Stops
   * at the first mismatch; a newline matches only at the end, so it never reads beyond the line.
   */
  #commonLine(bytes: Buffer, start: number): number {
    const batch = this.#sink.batch;
    const index = batch.length;

    const tid = this.#decimal(bytes, start);
    let at = this.#at;
    if (tid < 0 || bytes[at] !== SPACE) {
      return 0;
    }
    const time = clockTime(bytes, at + 1);
    if (time < 0 || bytes[at + 16] !== SPACE || bytes[at + 17] !== OPEN_BRACKET) {
      return 0;
    }
    const caller = this.#hexadecimal(bytes, at + 18);
    at = this.#at;
    if (caller < 0 || bytes[at] !== CLOSE_BRACKET || bytes[at + 1] !== SPACE) {
      return 0;
    }
    at += 2;

    let op: Op = Op.malloc;
    let size = 0;
    let pointerIn = 0;
    switch (bytes[at]) {
      case LOWER_M:
        if (!isAlloc(bytes, at + 1)) {
          return 0;
        }
        size = this.#decimal(bytes, at + 7);
        break;
      case LOWER_F:
        if (
          bytes[at + 1] !== LOWER_R ||
          bytes[at + 2] !== LOWER_E ||
          bytes[at + 3] !== LOWER_E ||
          bytes[at + 4] !== OPEN
        ) {
          return 0;
        }
        op = Op.free;
        pointerIn = this.#hexadecimal(bytes, at + 5);
        break;
      case LOWER_C: {
        if (!isAlloc(bytes, at + 1)) {
          return 0;
        }
        op = Op.calloc;
        const count = this.#decimal(bytes, at + 7);
        size = count < 0 ? -1 : this.#secondDecimal(bytes, this.#at);
        size = size < 0 ? -1 : size * count;
        break;
      }
      case LOWER_R:
        if (bytes[at + 1] !== LOWER_E || !isAlloc(bytes, at + 2)) {
          return 0;
        }
        op = Op.realloc;
        pointerIn = this.#hexadecimal(bytes, at + 8);
        size = pointerIn < 0 ? -1 : this.#secondDecimal(bytes, this.#at);
        break;
      default:
        return 0;
    }
    at = this.#at;
    if (size < 0 || pointerIn < 0 || bytes[at] !== CLOSE) {
      return 0;
    }
    at++;

    let pointerOut = 0;
    if (op !== Op.free) {
      const isSpaced = bytes[at] === SPACE || bytes[at] === TAB;
      if (!isSpaced || bytes[at + 1] !== EQUALS || bytes[at + 2] !== SPACE) {
        return 0;
      }
      pointerOut = this.#hexadecimal(bytes, at + 3);
      at = this.#at;
    }
    if (bytes[at] === CARRIAGE_RETURN) {
      at++;
    }
    if (pointerOut < 0 || bytes[at] !== NEWLINE) {
      return 0;
    }

    batch.op[index] = op;
    batch.tid[index] = tid;
    batch.time[index] = time;
    batch.caller[index] = caller;
    batch.size[index] = size;
    batch.align[index] = 0;
    batch.pointerIn[index] = pointerIn;
    batch.pointerOut[index] = pointerOut;
    batch.line[index] = this.#linesBefore + 1;
    batch.length = index + 1;
    return at + 1;
  }

  /** Reads any line; `bytes[end]` is its newline. */
  #anyLine(bytes: Buffer, start: number, end: number): void {
    const number = this.#linesBefore + 1;
    if (end - start > this.#maxLineBytes) {
      this.#diagnostics.malformed(number, "overlong", bytes, start, end);
      return;
    }
    const endOfText = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (this.#line.parse(bytes, start, endOfText)) {
      this.#push(number);
      this.#parsed++;
      return;
    }
    let first = start;
    while (bytes[first] === SPACE || bytes[first] === TAB) {
      first++;
    }
    if (first === endOfText) {
      this.#diagnostics.lines.blank++;
    } else if (bytes[first] === HASH) {
      this.#note(number, bytes.toString("utf8", first + 1, endOfText).trim());
    } else {
      this.#diagnostics.malformed(number, "unparsable", bytes, start, endOfText);
    }
  }

  #push(number: number): void {
    const line = this.#line;
    if (line.pid !== 0 && this.#owners.get(line.tid) !== line.pid) {
      this.#owners.set(line.tid, line.pid);
      this.#addNote(number, `owner ${line.tid} ${line.pid}`);
    }
    const batch = this.#sink.batch;
    const index = batch.length;
    batch.op[index] = line.op;
    batch.tid[index] = line.tid;
    batch.time[index] = line.time;
    batch.caller[index] = line.caller;
    batch.size[index] = line.size;
    batch.align[index] = line.align;
    batch.pointerIn[index] = line.pointerIn;
    batch.pointerOut[index] = line.pointerOut;
    batch.line[index] = number;
    batch.length = index + 1;
  }

  #note(line: number, text: string): void {
    this.#diagnostics.lines.comments++;
    this.#addNote(line, text);
  }

  #addNote(line: number, text: string): void {
    if (this.#sink.batch.notes.length === EVENTS_PER_BATCH) {
      // Bounds the comments of a batch, where millions follow each other without an event.
      this.#advance();
    }
    const { batch } = this.#sink;
    batch.notes.push({ at: batch.length, line, text });
  }

  /** The number of 1 to 9 digits at `at`, or -1 (longer ones are left to `NativeLine`). */
  #decimal(bytes: Buffer, at: number): number {
    let digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) {
      return -1;
    }
    let value = 0;
    const start = at;
    do {
      // Wraps around for too many digits, which are rejected below.
      value = (Math.imul(value, 10) + digit) | 0;
      digit = bytes[++at]! - ZERO;
    } while (digit >= 0 && digit <= 9);
    this.#at = at;
    return at - start <= 9 ? value : -1;
  }

  /** The number in `, decimal` at `at`, or -1. */
  #secondDecimal(bytes: Buffer, at: number): number {
    return bytes[at] === COMMA && bytes[at + 1] === SPACE ? this.#decimal(bytes, at + 2) : -1;
  }

  /** The number of `0x` and 1 to 16 hexadecimal digits at `at`, or -1. */
  #hexadecimal(bytes: Buffer, at: number): number {
    if (bytes[at] !== ZERO || bytes[at + 1] !== LOWER_X) {
      return -1;
    }
    const start = at + 2;
    at = start;
    let high = 0;
    let low = 0;
    for (let digit = HEX_DIGITS[bytes[at]!]!; digit < 16; digit = HEX_DIGITS[bytes[++at]!]!) {
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
    }
    this.#at = at;
    const digits = at - start;
    // Both halves are exact, so the sum is rounded at most once.
    return digits >= 1 && digits <= 16 ? (high >>> 0) * 0x1_0000_0000 + (low >>> 0) : -1;
  }
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const HASH = 0x23;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const EQUALS = 0x3d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LOWER_A = 0x61;
const LOWER_C = 0x63;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_L = 0x6c;
const LOWER_M = 0x6d;
const LOWER_O = 0x6f;
const LOWER_R = 0x72;
const LOWER_X = 0x78;

/** Value of a hexadecimal digit, by byte; 16 for all other bytes. */
const HEX_DIGITS = new Uint8Array(256).fill(16);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  HEX_DIGITS[digit.charCodeAt(0)] = value;
  HEX_DIGITS[digit.toUpperCase().charCodeAt(0)] = value;
}

const NO_DIGIT = 16;
/** Value of a decimal digit, by byte; `NO_DIGIT` for all other bytes. */
const DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (let value = 0; value < 10; value++) {
  DIGITS[ZERO + value] = value;
}

/** True if `alloc(`, the common end of malloc, calloc and realloc, is at `at`. */
function isAlloc(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === LOWER_A &&
    bytes[at + 1] === LOWER_L &&
    bytes[at + 2] === LOWER_L &&
    bytes[at + 3] === LOWER_O &&
    bytes[at + 4] === LOWER_C &&
    bytes[at + 5] === OPEN
  );
}

/** The time `HH:MM:SS.ffffff` at `at` in µs, or -1. In one pass: a call for each of its numbers takes longer. */
function clockTime(bytes: Buffer, at: number): number {
  if (bytes[at + 2] !== COLON || bytes[at + 5] !== COLON || bytes[at + 8] !== DOT) {
    return -1;
  }
  const h1 = DIGITS[bytes[at]!]!;
  const h0 = DIGITS[bytes[at + 1]!]!;
  const m1 = DIGITS[bytes[at + 3]!]!;
  const m0 = DIGITS[bytes[at + 4]!]!;
  const s1 = DIGITS[bytes[at + 6]!]!;
  const s0 = DIGITS[bytes[at + 7]!]!;
  const f1 = DIGITS[bytes[at + 9]!]!;
  const f2 = DIGITS[bytes[at + 10]!]!;
  const f3 = DIGITS[bytes[at + 11]!]!;
  const f4 = DIGITS[bytes[at + 12]!]!;
  const f5 = DIGITS[bytes[at + 13]!]!;
  const f6 = DIGITS[bytes[at + 14]!]!;
  const seconds = s1 * 10 + s0;
  const all = h1 | h0 | m1 | m0 | s1 | s0 | f1 | f2 | f3 | f4 | f5 | f6;
  if (all >= NO_DIGIT || m1 > 5 || seconds > 60) {
    return -1;
  }
  const milliseconds = ((h1 * 10 + h0) * 3600 + (m1 * 10 + m0) * 60 + seconds) * 1000;
  return (milliseconds + f1 * 100 + f2 * 10 + f3) * 1000 + f4 * 100 + f5 * 10 + f6;
}
