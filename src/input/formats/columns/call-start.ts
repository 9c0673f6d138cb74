import {
  CXX_DELETE,
  CXX_NEW,
  findCall,
  type NativeCall,
  Shape,
  startsWith,
} from "../native/calls.ts";
import { isBlank, isDigit } from "../native/cursor.ts";
import { byteTable, classEnd, LETTER, WORD } from "./bytes.ts";

/** A call that begins in a line. */
export interface CallStart {
  readonly call: NativeCall;
  /** index behind the opening parenthesis */
  readonly inside: number;
}

/** What glibc's own names have before those of C. */
const PREFIXES = ["__GI___libc_", "__libc_", "__GI_", "__"].map((text) => Buffer.from(text));

/** Bytes of the longest name, a mangled operator with all its prefixes. */
const MAX_NAME_BYTES = 64;

/** First bytes of the names of calls. */
const FIRST = byteTable("mcrapvft_oMCRAPVF");

/**
 * The call that begins at `bytes[at]`, where a word begins: a name, as C, C++ or glibc has it, perhaps in capitals, perhaps
 * with `@plt` or a version behind it, and an opening parenthesis with a value or `name=value` behind it. Names with types in
 * the parentheses are those of functions. Null if there is none.
 */
export function callAt(bytes: Buffer, at: number, end: number): CallStart | null {
  if (FIRST[bytes[at] ?? 0] !== 1) {
    return null;
  }
  const nameEnd = Math.min(classEnd(bytes, at, WORD), end);
  if (nameEnd - at > MAX_NAME_BYTES) {
    return null;
  }
  if (nameEnd - at === OPERATOR.length && startsWith(bytes, at, OPERATOR)) {
    const operator = operatorAt(bytes, nameEnd);
    return operator === null ? null : startOf(bytes, operator.call, operator.end);
  }
  const parenthesis = parenthesisAt(bytes, nameEnd);
  if (parenthesis < 0) {
    return null;
  }
  const call = nameAt(bytes, at, nameEnd);
  return call === null ? null : startOf(bytes, call, nameEnd);
}

function startOf(bytes: Buffer, call: NativeCall, nameEnd: number): CallStart | null {
  const parenthesis = parenthesisAt(bytes, nameEnd);
  return parenthesis >= 0 && hasValue(bytes, parenthesis + 1, call)
    ? { call, inside: parenthesis + 1 }
    : null;
}

/** Index of the parenthesis behind a name, `@plt` and blanks; −1 if there is none. */
function parenthesisAt(bytes: Buffer, nameEnd: number): number {
  const version = bytes[nameEnd] === AT ? classEnd(bytes, nameEnd + 1, VERSION) : nameEnd;
  const at = classEnd(bytes, version, BLANKS);
  return bytes[at] === OPEN ? at : -1;
}

/** The call named `bytes[at, end)`, without parentheses; null if it is none. */
export function callNamed(bytes: Buffer, at: number, end: number): NativeCall | null {
  const word = Math.min(classEnd(bytes, at, WORD), end);
  if (word - at === OPERATOR.length && startsWith(bytes, at, OPERATOR)) {
    return operatorAt(bytes, word)?.call ?? null;
  }
  return word === end ? nameAt(bytes, at, end) : null;
}

function nameAt(bytes: Buffer, at: number, end: number): NativeCall | null {
  const call = findCall(bytes, at, end);
  if (call !== null) {
    return call;
  }
  const prefix = PREFIXES.find((one) => startsWith(bytes, at, one));
  if (prefix !== undefined) {
    return findCall(bytes, at + prefix.length, end);
  }
  const first = bytes[at] ?? 0;
  if (first >= UPPER_A && first <= UPPER_Z) {
    const lower = Buffer.from(bytes.toString("latin1", at, end).toLowerCase());
    return findCall(lower, 0, lower.length);
  }
  return null;
}

/** `new`, `new[]` and the like, behind `operator` */
function operatorAt(
  bytes: Buffer,
  nameEnd: number,
): { readonly call: NativeCall; readonly end: number } | null {
  const start = classEnd(bytes, nameEnd, BLANKS);
  for (const call of [CXX_NEW, CXX_DELETE]) {
    if (startsWith(bytes, start, call.name)) {
      const end = start + call.name.length;
      const bracket = classEnd(bytes, end, BLANKS);
      if (bytes[bracket] !== OPEN_BRACKET) {
        return { call, end: behindTypes(bytes, end) };
      }
      return bytes[bracket + 1] === CLOSE_BRACKET
        ? { call, end: behindTypes(bytes, bracket + 2) }
        : null;
    }
  }
  return null;
}

/** Index behind the types of a demangled name, as in `operator new(unsigned long)(24)`; `at` if the arguments come first. */
function behindTypes(bytes: Buffer, at: number): number {
  const open = classEnd(bytes, at, BLANKS);
  const close = classEnd(bytes, open + 1, TYPES);
  const isDemangled =
    bytes[open] === OPEN &&
    bytes[close] === CLOSE &&
    close - open <= MAX_NAME_BYTES &&
    bytes[classEnd(bytes, close + 1, BLANKS)] === OPEN;
  return isDemangled ? close + 1 : at;
}

/** True if what stands in the parentheses may be the call's arguments: not a type, as in the name of a function. */
function hasValue(bytes: Buffer, inside: number, { shape }: NativeCall): boolean {
  const at = classEnd(bytes, inside, BLANKS);
  const first = bytes[at] ?? 0;
  if (shape === Shape.label || isDigit(first) || first === MINUS || first === OPEN) {
    return true;
  }
  if (LETTER[first] !== 1) {
    return shape === Shape.nothing && first === CLOSE;
  }
  const word = classEnd(bytes, at, WORD);
  const next = classEnd(bytes, word, BLANKS);
  const behind = bytes[next] ?? 0;
  if (behind === EQUALS || behind === COLON || (isBlank(bytes[word] ?? 0) && isDigit(behind))) {
    return true;
  }
  return (behind === COMMA || behind === CLOSE) && isPointerWord(bytes, at, word);
}

/** nil, NULL, or hexadecimal digits without 0x, but for letters only, which are a word */
function isPointerWord(bytes: Buffer, at: number, end: number): boolean {
  return /^(?:nil|NULL|(?=.*\d)[\da-f]{1,16})$/i.test(bytes.toString("latin1", at, end));
}

const OPERATOR = Buffer.from("operator");
const BLANKS = byteTable(" \t");
/** `unsigned long`, `void*`, `std::align_val_t`, `std::nothrow_t const&` */
const TYPES = byteTable("abcdefghijklmnopqrstuvwxyz_:*&, ");
const VERSION = byteTable("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+@");

const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const EQUALS = 0x3d;
const AT = 0x40;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
