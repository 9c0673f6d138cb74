/** Bytes of `HH:MM:SS.ffffff`. */
export const CLOCK_BYTES: usize = 15;

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

/** What `twoDigits` returns for other bytes, or more; a power of two above 99. */
const NO_NUMBER: u32 = 128;

/** The number of the two digits at `at`. */
function twoDigits(at: usize): u32 {
  const tens = <u32>load<u8>(at) - ZERO;
  const ones = <u32>load<u8>(at, 1) - ZERO;
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : NO_NUMBER;
}
