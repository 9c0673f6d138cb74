import { isBlank, type NativeCursor } from "../native/cursor.ts";
import { byteTable, classEnd } from "./bytes.ts";

/** What stands between a call and its result. */

/** Skips a sign between a call and its result: any beyond ASCII, such as an arrow. Returns false if there is none. */
export function sign(cursor: NativeCursor): boolean {
  cursor.blanks();
  if (cursor.peek() === EQUALS && isBlank(cursor.bytes[cursor.at + 1]!)) {
    cursor.punctuation(EQUALS);
    return true;
  }
  if (cursor.peek() >= BEYOND_ASCII) {
    cursor.at = classEnd(cursor.bytes, cursor.at, FOREIGN);
    cursor.blanks();
    return true;
  }
  if (SIGN_STARTS[cursor.peek()] !== 1 || !SIGNS.some((word) => cursor.word(word))) {
    return false;
  }
  cursor.blanks();
  return true;
}

/** True if the byte begins a sign. */
export function beginsSign(byte: number): boolean {
  return byte >= BEYOND_ASCII || SIGN_STARTS[byte] === 1;
}

/** Skips a comma or a bar between a call and a block with 0x. Returns false if there is none. */
export function separator(cursor: NativeCursor): boolean {
  const { at, bytes } = cursor;
  if (bytes[at] !== COMMA && bytes[at] !== BAR) {
    return false;
  }
  cursor.at = classEnd(bytes, at + 1, BLANKS);
  if (cursor.isHexPrefix()) {
    return true;
  }
  cursor.at = at;
  return false;
}

/** The optional `= <void>`, or a number, of a call that returns nothing. */
export function nothingReturned(cursor: NativeCursor): boolean {
  if (!cursor.punctuation(CLOSE)) {
    return false;
  }
  const behind = cursor.at;
  if (!sign(cursor) || VOIDS.some((word) => cursor.word(word)) || cursor.pointer()) {
    return true;
  }
  cursor.at = classEnd(cursor.bytes, behind, BLANKS);
  return cursor.peek() >= BEYOND_ASCII;
}

/** The optional `= integer`, which is not used. */
export function status(cursor: NativeCursor): boolean {
  return cursor.punctuation(CLOSE) && (!sign(cursor) || cursor.integer());
}

/** Longer ones before those that they begin with. */
const SIGNS: readonly Buffer[] = [
  "==>",
  "=>",
  "==",
  "=",
  "-->",
  "->",
  ">>",
  ":=",
  ":",
  "returned",
  "returning",
  "returns",
  "return",
  "result",
  "ret",
].map((word) => Buffer.from(word));

const SIGN_STARTS = new Uint8Array(256);
for (const [first] of SIGNS) {
  SIGN_STARTS[first ?? 0] = 1;
}

const VOIDS: readonly Buffer[] = ["<void>", "(void)", "void"].map((word) => Buffer.from(word));
const BLANKS = byteTable(" \t");
const BEYOND_ASCII = 0x80;
const FOREIGN = new Uint8Array(256).fill(1, BEYOND_ASCII);

const CLOSE = 0x29;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BAR = 0x7c;
