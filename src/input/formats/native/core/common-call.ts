import * as rows from "./event-rows";
import { decimal, hexadecimal, numberEnd, secondDecimal } from "./line-numbers";

/** The calls of the common form, as in `Op`. */
const MALLOC: u8 = 0;
const CALLOC: u8 = 1;
const REALLOC: u8 = 2;
const FREE: u8 = 6;

const NEWLINE: u8 = 0x0a;
const CARRIAGE_RETURN: u8 = 0x0d;
const TAB: u8 = 0x09;
const SPACE: u8 = 0x20;
const CLOSE: u8 = 0x29;
const LOWER_C: u8 = 0x63;
const LOWER_F: u8 = 0x66;
const LOWER_M: u8 = 0x6d;
const LOWER_R: u8 = 0x72;

// Several bytes as a little-endian word.
/** "= " */
const EQUALS_SPACE: u16 = 0x203d;
/** "allo", of malloc, calloc and realloc, and "c(", their end */
const ALLO: u32 = 0x6f6c6c61;
const C_OPEN: u16 = 0x2863;
/** "free" */
const FREE_NAME: u32 = 0x65657266;
const E_OF_REALLOC: u8 = 0x65;
const OPEN: u8 = 0x28;

/**
 * Reads the call at `at` into row `row`, if it is `name(arguments) = 0xHEX` of malloc, calloc or realloc, or `free(0xHEX)`.
 * Returns the address behind it, or 0 at any difference.
 */
export function commonCall(start: usize, row: usize): usize {
  let at = start;
  let op: u8 = MALLOC;
  let size: f64 = 0;
  let pointerIn: u64 = 0;
  switch (load<u8>(at)) {
    case LOWER_M:
      if (!isAlloc(at + 1)) {
        return 0;
      }
      size = <f64>decimal(at + 7);
      break;
    case LOWER_F:
      if (load<u32>(at) !== FREE_NAME || load<u8>(at, 4) !== OPEN) {
        return 0;
      }
      op = FREE;
      pointerIn = hexadecimal(at + 5);
      break;
    case LOWER_C: {
      if (!isAlloc(at + 1)) {
        return 0;
      }
      op = CALLOC;
      const count = <f64>decimal(at + 7);
      size = count * <f64>secondDecimal(numberEnd());
      break;
    }
    case LOWER_R:
      if (load<u8>(at, 1) !== E_OF_REALLOC || !isAlloc(at + 2)) {
        return 0;
      }
      op = REALLOC;
      pointerIn = hexadecimal(at + 8);
      size = <f64>secondDecimal(numberEnd());
      break;
    default:
      return 0;
  }
  at = numberEnd();
  if (load<u8>(at) !== CLOSE) {
    return 0;
  }
  at++;

  let pointerOut: u64 = 0;
  if (op !== FREE) {
    const blank = load<u8>(at);
    if ((blank !== SPACE && blank !== TAB) || load<u16>(at, 1) !== EQUALS_SPACE) {
      return 0;
    }
    pointerOut = hexadecimal(at + 3);
    at = numberEnd();
  }

  store<u8>(rows.op + row, op);
  const double = row << 3;
  store<f64>(rows.size + double, size);
  store<f64>(rows.pointerIn + double, <f64>pointerIn);
  store<f64>(rows.pointerOut + double, <f64>pointerOut);
  return at;
}

/** The address of the next line, if this one ends at `at`; else 0. */
export function nextLine(at: usize): usize {
  const end = load<u8>(at) === CARRIAGE_RETURN ? at + 1 : at;
  return load<u8>(end) === NEWLINE ? end + 1 : 0;
}

/** True if `alloc(`, the common end of malloc, calloc and realloc, is at `at`. */
function isAlloc(at: usize): bool {
  return load<u32>(at) === ALLO && load<u16>(at, 4) === C_OPEN;
}
