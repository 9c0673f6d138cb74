import { digitsEnd, endNumber, longDecimal } from "./line-numbers";

/** Bytes of `HH:MM:SS.ffffff`. */
export const CLOCK_BYTES: usize = 15;

const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const ZERO: u32 = 0x30;

/** The time `HH:MM:SS.ffffff` at `at` in µs; −1 if there is none. */
export function clockTime(at: usize): i64 {
  if (load<u8>(at, 2) !== COLON || load<u8>(at, 5) !== COLON || load<u8>(at, 8) !== DOT) {
    return -1;
  }
  const hours = twoDigits(at);
  const minutes = twoDigits(at + 3);
  const seconds = twoDigits(at + 6);
  // Of a pair that is no number, the sum exceeds all others.
  if (hours >= NO_NUMBER || minutes > 59 || seconds > 60) {
    return -1;
  }
  const first = twoDigits(at + 9);
  const second = twoDigits(at + 11);
  const third = twoDigits(at + 13);
  if ((first | second | third) >= NO_NUMBER) {
    return -1;
  }
  const whole = (hours * 60 + minutes) * 60 + seconds;
  return <i64>whole * 1_000_000 + <i64>((first * 100 + second) * 100 + third);
}

/** `HH:MM:SS` */
const WHOLE_BYTES: usize = 8;
const NANOSECOND_DIGITS: usize = 9;

/**
 * The time `HH:MM:SS` at `at` in µs, perhaps with a fraction behind a point, or of ms or µs behind a comma or a colon. `numberEnd`
 * is the address behind it. Computed as a line reader does (columns/field-time.ts), to the bit.
 */
export function clockOfLogger(at: usize): f64 {
  const hours = twoDigits(at);
  const minutes = twoDigits(at + 3);
  const seconds = twoDigits(at + 6);
  endNumber(0);
  const isClock =
    load<u8>(at, 2) === COLON &&
    load<u8>(at, 5) === COLON &&
    hours < NO_NUMBER &&
    minutes <= 59 &&
    seconds <= 60;
  if (!isClock) {
    return 0;
  }
  const whole = <f64>((hours * 60 + minutes) * 60 + seconds) * 1e6;
  const sign = at + WHOLE_BYTES;
  const point = load<u8>(sign);
  if (point === DOT) {
    return whole + fraction(sign);
  }
  const digits = digitsEnd(sign + 1) - sign - 1;
  const isOther = point === COMMA || point === COLON;
  if (isOther && digits === NANOSECOND_DIGITS) {
    // Left to the line reader.
    return 0;
  }
  if (!isOther || (digits !== 3 && digits !== 6)) {
    endNumber(sign);
    return whole;
  }
  const value = longDecimal(sign + 1, digits);
  return whole + <f64>(digits === 3 ? value * 1000 : value);
}

/** The fraction of a second at its point, in µs. More digits than those of ns are left to the line reader. */
export function fraction(point: usize): f64 {
  const end = digitsEnd(point + 1);
  let nanoseconds = longDecimal(point + 1, NANOSECOND_DIGITS);
  for (let digits = end - point - 1; digits < NANOSECOND_DIGITS; digits++) {
    nanoseconds *= 10;
  }
  return <f64>nanoseconds / 1000;
}

/** What `twoDigits` returns for other bytes, or more; a power of two above 99. */
const NO_NUMBER: u32 = 128;

/** The number of the two digits at `at`. */
function twoDigits(at: usize): u32 {
  const tens = <u32>load<u8>(at) - ZERO;
  const ones = <u32>load<u8>(at, 1) - ZERO;
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : NO_NUMBER;
}
