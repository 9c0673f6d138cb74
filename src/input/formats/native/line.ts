import { Op } from "../../../trace/event.ts";
import { type MarkLabels, noteLabel } from "../../../trace/stated/mark-labels.ts";
import { CallLine } from "./call-line.ts";
import {
  CXX_DELETE,
  CXX_NEW,
  CXX_OPERATOR,
  findCall,
  type NativeCall,
  Shape,
  startsWith,
} from "./calls.ts";
import { isBlank, isDigit, NativeCursor } from "./cursor.ts";
import { type Layout, NATIVE_LAYOUT } from "./layout.ts";
import { type LineForm, NATIVE_FORM } from "./line-form.ts";
import { NamedCallers } from "./named-callers.ts";
import { NativeHead } from "./native-head.ts";

/**
 * Parser of one line of the native format, which follows its grammar and allocates nothing:
 *
 *     line    = tid [time] [caller] call "(" arguments ")" [equals result]
 *     caller  = "[" pointer "]" | "[" text "]" blank         text: such as libzip.so+0x41, up to the first "]" before a blank
 *     equals  = "=" | "->"
 *     tid     = decimal, 0 .. 2^31-1
 *     time    = (hours ":" MM ":" SS | seconds) ["." digits]     hours of any number, SS up to 60 (leap second);
 *                                                                digits beyond the ninth (ns) are ignored
 *     pointer = "nil" | "(nil)" | "NULL" | ["0x"] 1 to 16 hexadecimal digits
 *     size    = 1 to 20 decimal digits | "0x" 1 to 16 hexadecimal digits
 *
 * Blanks (spaces, tabs) may stand between any two tokens, and must follow tid and time unless "[" does. A pointer without
 * 0x is hexadecimal too, as %lx prints it: this is not ambiguous, because no call has a pointer or a size in the same
 * place. A `Layout` may replace the unit of seconds, and the base of pointers without 0x.
 * Numbers above 2^53 become the nearest double. `Shape` has the arguments and results of each call.
 */
export class NativeLine extends CallLine {
  readonly #cursor: NativeCursor;
  readonly #head: NativeHead;
  readonly #callers: NamedCallers;
  readonly #labels: MarkLabels;
  #labelStart = 0;
  #labelEnd = 0;

  /** `callers`: those that lines give as text; `labels`: those of marks */
  constructor(
    layout: Layout = NATIVE_LAYOUT,
    callers = new NamedCallers([]),
    labels: MarkLabels = new Map(),
  ) {
    super();
    this.#callers = callers;
    this.#labels = labels;
    this.#cursor = new NativeCursor(layout.pointerBase);
    this.#head = new NativeHead(layout.timeDecimals);
  }

  override get form(): LineForm {
    return NATIVE_FORM;
  }

  parse(bytes: Buffer, start: number, end: number): boolean {
    this.#cursor.start(bytes, start, end);
    this.size = 0;
    this.align = 0;
    this.pointerIn = 0;
    this.pointerOut = 0;
    this.#cursor.blanks();
    if (!this.#head.read(this.#cursor)) {
      return false;
    }
    this.tid = this.#head.tid;
    this.time = this.#head.time;
    this.caller = this.#head.caller;
    const call = this.#readCall();
    if (call === null) {
      return false;
    }
    this.op = call.op;
    if (!this.#cursor.punctuation(OPEN) || !this.#readArguments(call.shape)) {
      return false;
    }
    if (!this.#isAtEnd()) {
      return false;
    }
    if (this.op === Op.mark) {
      this.align = noteLabel(this.#labels, bytes.subarray(this.#labelStart, this.#labelEnd));
    }
    const { nameStart, nameEnd } = this.#head;
    if (nameEnd > 0) {
      this.caller = this.#callers.find(bytes, nameStart, nameEnd);
    }
    return true;
  }

  #isAtEnd(): boolean {
    this.#cursor.blanks();
    return this.#cursor.at === this.#cursor.end;
  }

  #readCall(): NativeCall | null {
    const start = this.#cursor.at;
    while (isWordByte(this.#cursor.peek())) {
      this.#cursor.at++;
    }
    const call = findCall(this.#cursor.bytes, start, this.#cursor.at);
    if (call === null && this.#cursor.at - start === CXX_OPERATOR.length) {
      return startsWith(this.#cursor.bytes, start, CXX_OPERATOR) ? this.#readCxxOperator() : null;
    }
    return call;
  }

  /** The rest of `operator new`, `operator new[]`, `operator delete`, `operator delete[]`. */
  #readCxxOperator(): NativeCall | null {
    this.#cursor.blanks();
    for (const call of [CXX_NEW, CXX_DELETE]) {
      if (startsWith(this.#cursor.bytes, this.#cursor.at, call.name)) {
        this.#cursor.at += call.name.length;
        this.#cursor.blanks();
        if (this.#cursor.skip(OPEN_BRACKET) && !this.#cursor.skip(CLOSE_BRACKET)) {
          return null;
        }
        return call;
      }
    }
    return null;
  }

  /** Everything after the opening parenthesis. */
  #readArguments(shape: Shape): boolean {
    switch (shape) {
      case Shape.size:
        return this.#readSize() && this.#readResult();
      case Shape.countSize:
        return this.#readCountAndSize() && this.#readResult();
      case Shape.pointerSize:
        return this.#readPointerIn() && this.#comma() && this.#readSize() && this.#readResult();
      case Shape.pointerCountSize:
        return (
          this.#readPointerIn() && this.#comma() && this.#readCountAndSize() && this.#readResult()
        );
      case Shape.alignSize:
        return this.#readAlign() && this.#comma() && this.#readSize() && this.#readResult();
      case Shape.posixMemalign:
        return this.#readPosixMemalign();
      case Shape.pointer:
        return this.#readPointerIn() && this.#readEnd();
      case Shape.cxxNew:
        return this.#readSize() && this.#ignoreMore() && this.#readResult();
      case Shape.cxxNewAligned:
        return (
          this.#readSize() &&
          this.#comma() &&
          this.#readAlign() &&
          this.#ignoreMore() &&
          this.#readResult()
        );
      case Shape.cxxDelete:
        return this.#readPointerIn() && this.#ignoreMore() && this.#readEnd();
      case Shape.trim:
        return this.#readSize() && this.#cursor.punctuation(CLOSE) && this.#ignoreStatus();
      case Shape.mallopt:
        return this.#readMallopt() && this.#cursor.punctuation(CLOSE) && this.#ignoreStatus();
      case Shape.nothing:
        return this.#cursor.punctuation(CLOSE);
      case Shape.label:
        return this.#readLabel();
      default:
        shape satisfies never;
        return false;
    }
  }

  #readSize(): boolean {
    if (!this.#cursor.natural()) {
      return false;
    }
    this.size = this.#cursor.value;
    return true;
  }

  #readCountAndSize(): boolean {
    if (!this.#readSize()) {
      return false;
    }
    const count = this.size;
    if (!this.#comma() || !this.#readSize()) {
      return false;
    }
    this.size *= count;
    return true;
  }

  #readAlign(): boolean {
    if (!this.#cursor.natural()) {
      return false;
    }
    this.align = this.#cursor.value;
    return true;
  }

  #readPointerIn(): boolean {
    if (!this.#cursor.pointer()) {
      return false;
    }
    this.pointerIn = this.#cursor.value;
    return true;
  }

  #readPosixMemalign(): boolean {
    const start = this.#cursor.at;
    if (this.#readAlign() && this.#comma() && this.#readSize() && this.#cursor.punctuation(CLOSE)) {
      return this.#readPointerOut();
    }
    this.#cursor.at = start;
    // The address of the pointer is ignored. C's result is an error number, not the block's address: the hook must have
    // logged the address instead, which 0x or nil shows.
    return (
      this.#cursor.pointer() &&
      this.#comma() &&
      this.#readAlign() &&
      this.#comma() &&
      this.#readSize() &&
      this.#cursor.punctuation(CLOSE) &&
      this.#equals() &&
      this.#isMarkedPointer() &&
      this.#readPointerAfterEquals()
    );
  }

  #readMallopt(): boolean {
    if (!this.#cursor.integer()) {
      return false;
    }
    this.align = this.#cursor.value;
    if (!this.#comma()) {
      return false;
    }
    if (!this.#cursor.integer()) {
      return false;
    }
    this.size = this.#cursor.value;
    return true;
  }

  #readResult(): boolean {
    return this.#cursor.punctuation(CLOSE) && this.#readPointerOut();
  }

  #readPointerOut(): boolean {
    return this.#equals() && this.#readPointerAfterEquals();
  }

  #readPointerAfterEquals(): boolean {
    if (!this.#cursor.pointer()) {
      return false;
    }
    this.pointerOut = this.#cursor.value;
    return true;
  }

  #isMarkedPointer(): boolean {
    const first = this.#cursor.peek();
    return first === LOWER_N || first === UPPER_N || first === OPEN || this.#cursor.isHexPrefix();
  }

  /** What may follow the argument of a call that returns nothing: `= <void>`, as ltrace prints it, or a number. */
  #readEnd(): boolean {
    if (!this.#cursor.punctuation(CLOSE)) {
      return false;
    }
    return (
      !this.#equals() || VOIDS.some((word) => this.#cursor.word(word)) || this.#cursor.pointer()
    );
  }

  /** `=` or `->`, with blanks before and after it or not. */
  #equals(): boolean {
    this.#cursor.blanks();
    if (!this.#cursor.skip(EQUALS) && !this.#cursor.word(ARROW)) {
      return false;
    }
    this.#cursor.blanks();
    return true;
  }

  /** The optional `= integer` of malloc_trim and mallopt, which is not used. */
  #ignoreStatus(): boolean {
    if (!this.#equals()) {
      return true;
    }
    return this.#cursor.integer();
  }

  /** The optional `, anything` up to the closing parenthesis. */
  #ignoreMore(): boolean {
    if (this.#comma()) {
      while (this.#cursor.at < this.#cursor.end && this.#cursor.peek() !== CLOSE) {
        this.#cursor.at++;
      }
    }
    return true;
  }

  /** Everything up to the last closing parenthesis of the line, without blanks around it. */
  #readLabel(): boolean {
    const { bytes, at: start } = this.#cursor;
    let end = this.#cursor.end - 1;
    while (end >= start && bytes[end] !== CLOSE) {
      end--;
    }
    if (end < start) {
      return false;
    }
    this.#cursor.at = end + 1;
    while (end > start && isBlank(bytes[end - 1]!)) {
      end--;
    }
    this.#labelStart = start;
    this.#labelEnd = end;
    return true;
  }

  #comma(): boolean {
    return this.#cursor.punctuation(COMMA);
  }
}

const COMMA = 0x2c;
const EQUALS = 0x3d;
const OPEN = 0x28;
const CLOSE = 0x29;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LOWER_N = 0x6e;
const UPPER_N = 0x4e;
const ARROW = Buffer.from("->");
const VOIDS: readonly Buffer[] = [Buffer.from("<void>"), Buffer.from("void")];

function isWordByte(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x7a) || byte === 0x5f;
}
