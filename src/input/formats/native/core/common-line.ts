import { CLOCK_BYTES, clockTime } from "./clock-time";
import { commonCall, nextLine } from "./common-call";
import * as rows from "./event-rows";
import { decimal, hexadecimal, numberEnd } from "./line-numbers";

const SPACE: u8 = 0x20;

// Two bytes as a little-endian word.
/** " [" */
const SPACE_OPEN_BRACKET: u16 = 0x5b20;
/** "] " */
const CLOSE_BRACKET_SPACE: u16 = 0x205d;

/**
 * Reads the line at `start` into row `row`, if it has the form that nearly all lines of a real log have:
 *
 *     tid HH:MM:SS.ffffff [0xHEX] name(arguments) = 0xHEX       name: malloc, calloc, realloc, free
 *
 * Returns the address of the next line, or 0 at any difference, even of a blank. Every byte of the line is compared, and a
 * newline matches only at its end.
 */
export function commonLine(start: usize, row: usize): usize {
  const tid = decimal(start);
  let at = numberEnd();
  if (load<u8>(at) !== SPACE) {
    return 0;
  }
  at++;
  const time = clockTime(at);
  at += CLOCK_BYTES;
  if (time < 0 || load<u16>(at) !== SPACE_OPEN_BRACKET) {
    return 0;
  }
  const caller = hexadecimal(at + 2);
  at = numberEnd();
  if (load<u16>(at) !== CLOSE_BRACKET_SPACE) {
    return 0;
  }
  at = commonCall(at + 2, row);
  if (at === 0) {
    return 0;
  }
  store<u32>(rows.tid + (row << 2), tid);
  const double = row << 3;
  store<f64>(rows.time + double, <f64>time);
  store<f64>(rows.caller + double, <f64>caller);
  return nextLine(at);
}
