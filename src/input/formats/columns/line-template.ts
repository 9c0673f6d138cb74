import { isDigit } from "../native/cursor.ts";
import { classEnd, DIGITS, HEX } from "./bytes.ts";
import { fractionEnd } from "./field-time.ts";
import { FieldKind, type Fields, MAX_FIELDS } from "./fields.ts";
import type { FieldPlaces } from "./line-variants.ts";

/** Capacity for what stands before the call, or behind its result. */
const HEAD_BYTES = 512;

/** After so many lines that differ, and fewer that did not, lines are no longer compared. */
const MISSES = 256;

/** A field of a template. */
export interface TemplateField {
  /** what stands before its digits, itself if it is a text */
  readonly before: Uint8Array;
  /** one of `FieldKind` */
  readonly kind: number;
  /** of a number: it has hexadecimal digits without 0x */
  readonly isHex: boolean;
}

export interface TemplateParts {
  readonly fields: readonly TemplateField[];
  /** what stands behind the digits of the last field */
  readonly behind: Uint8Array;
  readonly places: FieldPlaces;
}

/**
 * The last line that was taken apart, as a template for the next: in most logs lines have the same text and signs before the
 * call, and differ only in the digits of numbers and times. Comparing bytes takes a third of the time of finding fields.
 */
export class LineTemplate {
  /** what the fields are; valid after `match` returned true */
  places: FieldPlaces | null = null;
  /** index of the call; valid after `match` returned true */
  callStart = 0;

  /** rises whenever there is another template */
  version = 0;

  readonly #head = Buffer.alloc(HEAD_BYTES);
  #length = 0;
  #count = 0;
  /** in the head */
  readonly #starts = new Int32Array(MAX_FIELDS);
  readonly #ends = new Int32Array(MAX_FIELDS);
  /** where the digits of a field begin, and end: a date and a zone stay as they are */
  readonly #digits = new Int32Array(MAX_FIELDS);
  readonly #digitsEnd = new Int32Array(MAX_FIELDS);
  readonly #kinds = new Uint8Array(MAX_FIELDS);
  /** the field is hexadecimal digits without 0x */
  readonly #isHex = new Uint8Array(MAX_FIELDS);
  #hits = 0;
  #misses = 0;

  /** Makes `bytes[start, end)`, which has these fields, the template: what stands before a call, up to its name. */
  set(bytes: Buffer, start: number, end: number, fields: Fields, places: FieldPlaces): void {
    const length = end - start;
    const isPlain = length <= HEAD_BYTES && fields.resultEnd === 0;
    const before = this.places;
    this.places = isPlain && !this.#isUseless ? places : null;
    this.version += this.places === before && before === null ? 0 : 1;
    if (this.places === null) {
      return;
    }
    bytes.copy(this.#head, 0, start, end);
    this.#length = length;
    this.#count = fields.count;
    for (let i = 0; i < fields.count; i++) {
      const kind = fields.kinds[i]!;
      const [from, to] = [fields.starts[i]! - start, fields.ends[i]! - start];
      this.#starts[i] = from;
      this.#ends[i] = to;
      this.#kinds[i] = kind;
      this.#isHex[i] =
        kind === FieldKind.number && classEnd(bytes, fields.starts[i]!, DIGITS) < fields.ends[i]!
          ? 1
          : 0;
      this.#digits[i] = kind === FieldKind.clock ? fields.clocks[i]! - start : from;
      this.#digitsEnd[i] = to;
      if (kind === FieldKind.clock) {
        this.#digitsEnd[i] = clockEnd(bytes, fields.clocks[i]!) - start;
      } else if (kind === FieldKind.text || kind === FieldKind.place) {
        this.#digits[i] = to;
      }
    }
  }

  /** Finds the fields of the line at `start`, if it is like the template. A line ends in \r or \n. */
  match(bytes: Buffer, start: number, fields: Fields): boolean {
    if (this.places === null || !this.#match(bytes, start, fields)) {
      this.#misses++;
      return false;
    }
    this.#hits++;
    return true;
  }

  /** So many lines were like the template, but were read elsewhere. */
  countMatches(lines: number): void {
    this.#hits += lines;
  }

  /** The fields in their order, with the text before each, and that behind the last. Null: there is no template. */
  describe(): TemplateParts | null {
    if (this.places === null) {
      return null;
    }
    const fields: TemplateField[] = [];
    let from = 0;
    for (let i = 0; i < this.#count; i++) {
      const [digits, end, kind] = [this.#digits[i]!, this.#digitsEnd[i]!, this.#kinds[i]!];
      fields.push({ before: this.#text(from, digits), kind, isHex: this.#isHex[i] === 1 });
      from = end;
    }
    return { fields, behind: this.#text(from, this.#length), places: this.places };
  }

  #text(start: number, end: number): Uint8Array {
    return Uint8Array.from(this.#head.subarray(start, end));
  }

  get #isUseless(): boolean {
    return this.#misses > MISSES && this.#misses > this.#hits;
  }

  #match(bytes: Buffer, start: number, fields: Fields): boolean {
    const head = this.#head;
    let at = start;
    let from = 0;
    for (let i = 0; i < this.#count; i++) {
      const field = at + this.#starts[i]! - from;
      for (const digits = this.#digits[i]!; from < digits; from++, at++) {
        if (bytes[at] !== head[from]) {
          return false;
        }
      }
      const kind = this.#kinds[i]!;
      fields.clocks[i] = at;
      const end = this.#digitsEndOf(bytes, at, i, kind);
      if (end < 0) {
        return false;
      }
      at = end;
      for (from = this.#digitsEnd[i]!; from < this.#ends[i]!; from++, at++) {
        if (bytes[at] !== head[from]) {
          return false;
        }
      }
      fields.starts[i] = field;
      fields.ends[i] = at;
      fields.kinds[i] = kind;
    }
    for (; from < this.#length; from++, at++) {
      if (bytes[at] !== head[from]) {
        return false;
      }
    }
    fields.count = this.#count;
    fields.comment = -1;
    fields.resultEnd = 0;
    this.callStart = at;
    return true;
  }

  /** Index behind digits of the field's kind at `at`; −1: there are none. */
  #digitsEndOf(bytes: Buffer, at: number, i: number, kind: number): number {
    switch (kind) {
      case FieldKind.number: {
        const end = classEnd(bytes, at, this.#isHex[i] === 1 ? HEX : DIGITS);
        return end > at ? end : -1;
      }
      case FieldKind.hex: {
        const end = classEnd(bytes, at + 2, HEX);
        return bytes[at] === ZERO && bytes[at + 1] === LOWER_X && end > at + 2 ? end : -1;
      }
      case FieldKind.fraction: {
        const point = classEnd(bytes, at, DIGITS);
        const end = classEnd(bytes, point + 1, DIGITS);
        return point > at && bytes[point] === DOT && end > point + 1 ? end : -1;
      }
      case FieldKind.clock:
        return clockEnd(bytes, at);
      default:
        return at;
    }
  }
}

/** Index behind `HH:MM:SS` and its fraction; −1 if there is no clock. */
function clockEnd(bytes: Buffer, at: number): number {
  const isClock =
    isDigit(bytes[at]!) &&
    isDigit(bytes[at + 1]!) &&
    bytes[at + 2] === COLON &&
    isDigit(bytes[at + 3]!) &&
    isDigit(bytes[at + 4]!) &&
    bytes[at + 5] === COLON &&
    isDigit(bytes[at + 6]!) &&
    isDigit(bytes[at + 7]!);
  if (!isClock) {
    return -1;
  }
  return fractionEnd(bytes, at + 8);
}

const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const LOWER_X = 0x78;
