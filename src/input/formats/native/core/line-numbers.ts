/**
 * Reads the numbers of a line at an address in the module's memory. `numberEnd` is the address behind the number read
 * last. Where there is no such number, it is NOWHERE, at which no byte of a line is found: the comparison of the byte
 * that must follow the number fails there, so that the number needs no check of its own.
 */

const NOWHERE: usize = memory.data(16, 8);

let end: usize = NOWHERE;

export function numberEnd(): usize {
  return end;
}

/** A number that is read elsewhere ends at `at`; 0: there is none. */
export function endNumber(at: usize): void {
  end = at === 0 ? NOWHERE : at;
}

/** A longer decimal number is left to the line reader, which knows the numbers that a double cannot hold. */
const DECIMAL_DIGITS: usize = 9;
const HEXADECIMAL_DIGITS: usize = 16;

const ZERO: u32 = 0x30;
const LOWER_A: u32 = 0x61;
/** 0x, as a little-endian word */
const PREFIX: u16 = 0x7830;

/** What `HEX_VALUES` has for a byte that is no digit. */
const NO_DIGIT: u32 = 16;

/** Value of a hexadecimal digit, by byte. */
const HEX_VALUES: usize = memory.data(256);
for (let byte: u32 = 0; byte < 256; byte++) {
  store<u8>(HEX_VALUES + byte, <u8>hexValue(byte));
}

function hexValue(byte: u32): u32 {
  if (byte - ZERO <= 9) {
    return byte - ZERO;
  }
  // To lower case: A | 0x20 = a.
  const letter = (byte | 0x20) - LOWER_A;
  return letter <= 5 ? 10 + letter : NO_DIGIT;
}

/** The number of 1 to 9 decimal digits at `at`. */
export function decimal(at: usize): u32 {
  const start = at;
  let value: u32 = 0;
  for (;;) {
    const digit = <u32>load<u8>(at) - ZERO;
    if (digit > 9) {
      break;
    }
    // Wraps around for too many digits, which are rejected below.
    value = value * 10 + digit;
    at++;
  }
  const digits = at - start;
  end = digits - 1 < DECIMAL_DIGITS ? at : NOWHERE;
  return value;
}

/** The number of `0x` and 1 to 16 hexadecimal digits at `at`. */
export function hexadecimal(at: usize): u64 {
  if (load<u16>(at) !== PREFIX) {
    end = NOWHERE;
    return 0;
  }
  return hexDigits(at + 2);
}

/** The number of 1 to 16 hexadecimal digits at `at`. */
export function hexDigits(at: usize): u64 {
  const start = at;
  let value: u64 = 0;
  for (;;) {
    const digit = <u32>load<u8>(HEX_VALUES + load<u8>(at));
    if (digit === NO_DIGIT) {
      break;
    }
    value = (value << 4) | digit;
    at++;
  }
  const digits = at - start;
  end = digits - 1 < HEXADECIMAL_DIGITS ? at : NOWHERE;
  return value;
}

/** The number of 1 to `most` decimal digits at `at`; `most` is 18 or less. */
export function longDecimal(at: usize, most: usize): u64 {
  const start = at;
  let value: u64 = 0;
  while (isDigit(at)) {
    // Wraps around for too many digits, which are rejected below.
    value = value * 10 + (<u64>load<u8>(at) - ZERO);
    at++;
  }
  const digits = at - start;
  end = digits - 1 < most ? at : NOWHERE;
  return value;
}

/** The address behind the decimal digits at `at`, which is `at` if there are none. */
export function digitsEnd(at: usize): usize {
  while (isDigit(at)) {
    at++;
  }
  return at;
}

/** The same, of hexadecimal digits. */
export function hexDigitsEnd(at: usize): usize {
  while (<u32>load<u8>(HEX_VALUES + load<u8>(at)) !== NO_DIGIT) {
    at++;
  }
  return at;
}

function isDigit(at: usize): bool {
  return <u32>load<u8>(at) - ZERO <= 9;
}

/** The number of `, ` and a decimal number at `at`. */
export function secondDecimal(at: usize): u32 {
  if (load<u16>(at) !== COMMA_SPACE) {
    end = NOWHERE;
    return 0;
  }
  return decimal(at + 2);
}

/** A comma and a space, as a little-endian word. */
const COMMA_SPACE: u16 = 0x202c;
