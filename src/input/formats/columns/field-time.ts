import { startsWith } from "../native/calls.ts";
import { isBlank, isDigit, type NativeCursor } from "../native/cursor.ts";
import { byteTable, classEnd, DIGITS, LETTER } from "./bytes.ts";

/**
 * Times as loggers print them: a clock, `HH:MM:SS` with a fraction behind a point, a comma or a colon, perhaps with a date
 * before it and a zone behind it. Dates and zones are skipped, as the log's clock counts days itself.
 */

/** Index of the clock of the time that begins at `at`, behind its date; −1 if there is none. */
export function clockStart(bytes: Buffer, at: number): number {
  const digits = classEnd(bytes, at, DIGITS);
  if (bytes[digits] === COLON) {
    return isClock(bytes, at) ? at : -1;
  }
  if (!mayBeDate(bytes, at, digits)) {
    return -1;
  }
  const date = dateEnd(bytes, at);
  return date > 0 && isClock(bytes, date) ? date : -1;
}

/** Index behind the time whose clock is at `clock`, and its zone. A line ends in \r or \n. */
export function timeEnd(bytes: Buffer, clock: number): number {
  return zoneEnd(bytes, fractionEnd(bytes, clockEnd(bytes, clock)));
}

/** Reads the clock at the cursor, in µs, into `cursor.value`. */
export function readClock(cursor: NativeCursor): boolean {
  if (!cursor.time()) {
    return false;
  }
  const { bytes } = cursor;
  if (isOtherPoint(bytes, cursor.at)) {
    let microseconds = 0;
    let weight = 100_000;
    for (cursor.at++; isDigit(cursor.peek()); cursor.at++) {
      microseconds += (cursor.peek() - ZERO) * weight;
      weight /= 10;
    }
    cursor.value += microseconds;
  }
  return true;
}

/** A cheap test: most fields are no dates. */
function mayBeDate(bytes: Buffer, at: number, digits: number): boolean {
  const sign = bytes[digits]!;
  switch (digits - at) {
    case 0:
      return bytes[at]! >= UPPER_A && bytes[at]! <= UPPER_Z && LETTER[bytes[at + 1]!] === 1;
    case 1:
    case 2:
      return DATE_SIGNS[sign] === 1 || (isBlank(sign) && LETTER[bytes[digits + 1]!] === 1);
    case 4:
      return DATE_SIGNS[sign] === 1;
    default:
      return false;
  }
}

/** `H:MM:SS`, of any number of hours' digits */
function isClock(bytes: Buffer, at: number): boolean {
  const hours = classEnd(bytes, at, DIGITS);
  return (
    hours > at &&
    hours - at <= 9 &&
    bytes[hours] === COLON &&
    classEnd(bytes, hours + 1, DIGITS) === hours + 3 &&
    bytes[hours + 3] === COLON &&
    classEnd(bytes, hours + 4, DIGITS) === hours + 6
  );
}

function clockEnd(bytes: Buffer, at: number): number {
  return classEnd(bytes, at, DIGITS) + 6;
}

/** Index behind the fraction of a clock that ends at `at`. */
export function fractionEnd(bytes: Buffer, at: number): number {
  const hasPoint = bytes[at] === DOT && classEnd(bytes, at + 1, DIGITS) > at + 1;
  return hasPoint || isOtherPoint(bytes, at) ? classEnd(bytes, at + 1, DIGITS) : at;
}

/** A comma or colon, and ms, µs or ns: other digits behind a comma are the next column. */
function isOtherPoint(bytes: Buffer, at: number): boolean {
  const digits = classEnd(bytes, at + 1, DIGITS) - at - 1;
  const isPoint = bytes[at] === COMMA || bytes[at] === COLON;
  return isPoint && (digits === 3 || digits === 6 || digits === 9);
}

/** `Z`, `+01:00`, `+0100` or ` +0100` */
function zoneEnd(bytes: Buffer, at: number): number {
  if (bytes[at] === UPPER_Z) {
    return at + 1;
  }
  const sign = isBlank(bytes[at] ?? 0) ? at + 1 : at;
  if (bytes[sign] !== PLUS && bytes[sign] !== MINUS) {
    return at;
  }
  const first = classEnd(bytes, sign + 1, DIGITS) - sign - 1;
  if (first === 4) {
    return sign + 5;
  }
  const hasMinutes = bytes[sign + 3] === COLON && classEnd(bytes, sign + 4, DIGITS) === sign + 6;
  return first === 2 && hasMinutes ? sign + 6 : at;
}

/**
 * Dates, and what may stand for each character: 9 a digit, M the name of a month, - one of -/., and others themselves. A
 * weekday may stand before them.
 */
const DATES: readonly string[] = [
  "9999-99-99",
  "99-99-9999",
  "99-99",
  "99-M-9999",
  "M 99 9999",
  "M 99",
  "M  9",
  "99 M 9999",
  "9 M 9999",
];

/** Index behind a date and what joins it to a clock; −1 if there is none. */
function dateEnd(bytes: Buffer, at: number): number {
  const date = weekdayEnd(bytes, at);
  for (const form of DATES) {
    const end = formEnd(bytes, date, form);
    if (end > 0 && JOINTS[bytes[end] ?? 0] === 1) {
      return end + 1;
    }
  }
  return -1;
}

/** Index behind `Mon ` or `Mon, `; `at` if there is none. */
function weekdayEnd(bytes: Buffer, at: number): number {
  if (!isName(bytes, at, WEEKDAYS)) {
    return at;
  }
  const end = bytes[at + 3] === COMMA ? at + 4 : at + 3;
  return isBlank(bytes[end] ?? 0) ? end + 1 : at;
}

function formEnd(bytes: Buffer, at: number, form: string): number {
  let next = at;
  for (let i = 0; i < form.length; i++) {
    const kind = form.charCodeAt(i);
    const byte = bytes[next]!;
    if (kind === UPPER_M) {
      if (!isName(bytes, next, MONTHS)) {
        return -1;
      }
      next += 3;
      continue;
    }
    const fits =
      kind === NINE ? isDigit(byte) : kind === MINUS ? DATE_SIGNS[byte] === 1 : byte === kind;
    if (!fits) {
      return -1;
    }
    next++;
  }
  return next;
}

function isName(bytes: Buffer, at: number, names: readonly Buffer[]): boolean {
  return LETTER[bytes[at] ?? 0] === 1 && names.some((name) => startsWith(bytes, at, name));
}

function named(names: string): Buffer[] {
  return names.split(" ").map((name) => Buffer.from(name));
}

const MONTHS = named("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec");
const WEEKDAYS = named("Mon Tue Wed Thu Fri Sat Sun");
const JOINTS = byteTable(" \tT_:,-");
const DATE_SIGNS = byteTable("-/.");

const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const NINE = 0x39;
const UPPER_A = 0x41;
const UPPER_M = 0x4d;
const UPPER_Z = 0x5a;
