import { clockOfLogger, fraction } from "./clock-time";
import { commonCall, nextLine } from "./common-call";
import * as rows from "./event-rows";
import {
  decimal,
  digitsEnd,
  endNumber,
  hexadecimal,
  hexDigits,
  hexDigitsEnd,
  longDecimal,
  numberEnd,
} from "./line-numbers";

/**
 * Reads lines of a common call with other columns around it than those of the native form. Steps say what these are, one after
 * the other: a byte for the kind, as in `Step` (line-form.ts), and of a text its length and its bytes. Its user writes them.
 */

const END: u8 = 0;
const TEXT: u8 = 1;
const DIGITS: u8 = 2;
const HEX_DIGITS: u8 = 3;
const HEX: u8 = 4;
const PID: u8 = 5;
const TID: u8 = 6;
const PROCESS: u8 = 7;
const CALLER_DIGITS: u8 = 8;
const CALLER_HEX_DIGITS: u8 = 9;
const CALLER_HEX: u8 = 10;
const FRACTION: u8 = 11;
const CLOCK: u8 = 12;
const TIME_FRACTION: u8 = 13;
const TIME_CLOCK: u8 = 14;
const TIME_SECONDS: u8 = 15;
const TIME_MS: u8 = 16;
const TIME_US: u8 = 17;
/** from it on, times that are used */
const FIRST_TIME: u8 = TIME_FRACTION;

/** Longer numbers are left to the line reader. */
const SECOND_DIGITS: usize = 15;
const LONG_DIGITS: usize = 18;

export const STEPS_BYTES: i32 = 2048;

/** steps of what stands before the call, and behind its result */
export const head: usize = memory.data(STEPS_BYTES);
export const tail: usize = memory.data(STEPS_BYTES);

const SPACE: u8 = 0x20;
const TAB: u8 = 0x09;
const DOT: u8 = 0x2e;

/** Reads the line at `start` into row `row`, as the steps say. Returns the address of the next line, or 0 at any difference. */
export function lineOfSteps(start: usize, row: usize): usize {
  const double = row << 3;
  store<u32>(rows.pid + (row << 2), 0);
  store<u32>(rows.tid + (row << 2), 0);
  store<f64>(rows.time + double, NaN);
  store<f64>(rows.caller + double, 0);
  let at = take(head, start, row);
  if (at === 0) {
    return 0;
  }
  at = commonCall(at, row);
  if (at === 0) {
    return 0;
  }
  const behind = blanksEnd(at);
  if (behind > at && load<u8>(tail) !== END) {
    at = take(tail, behind, row);
    if (at === 0) {
      return 0;
    }
  }
  return nextLine(at);
}

/** Takes the steps from `start` on. Returns the address behind them; 0, or one at which no line goes on, at any difference. */
function take(steps: usize, start: usize, row: usize): usize {
  let at = start;
  let step = steps;
  for (let kind = load<u8>(step++); kind !== END; kind = load<u8>(step++)) {
    switch (kind) {
      case TEXT: {
        const length = <usize>load<u8>(step++);
        for (let i: usize = 0; i < length; i++) {
          if (load<u8>(at + i) !== load<u8>(step + i)) {
            return 0;
          }
        }
        at += length;
        step += length;
        break;
      }
      case DIGITS:
      case HEX_DIGITS: {
        const end = kind === DIGITS ? digitsEnd(at) : hexDigitsEnd(at);
        endNumber(end > at ? end : 0);
        at = numberEnd();
        break;
      }
      case PID:
      case TID:
      case PROCESS: {
        const id = decimal(at);
        if (kind !== TID) {
          store<u32>(rows.pid + (row << 2), id);
        }
        if (kind !== PID) {
          store<u32>(rows.tid + (row << 2), id);
        }
        at = numberEnd();
        break;
      }
      case HEX:
      case CALLER_DIGITS:
      case CALLER_HEX_DIGITS:
      case CALLER_HEX: {
        const isDecimal = kind === CALLER_DIGITS;
        const end = isDecimal ? digitsEnd(at) : 0;
        const has0x = kind === HEX || kind === CALLER_HEX;
        const address = has0x ? hexadecimal(at) : hexDigits(at);
        at = numberEnd();
        if (isDecimal && at !== end) {
          return 0;
        }
        if (kind !== HEX) {
          store<f64>(rows.caller + (row << 3), <f64>address);
        }
        break;
      }
      default: {
        const time = timeAt(kind, at);
        at = numberEnd();
        if (kind >= FIRST_TIME) {
          store<f64>(rows.time + (row << 3), time);
        }
        break;
      }
    }
  }
  return at;
}

/** µs, computed as NativeCursor.time does, to the bit */
function timeAt(kind: u8, at: usize): f64 {
  switch (kind) {
    case CLOCK:
    case TIME_CLOCK:
      return clockOfLogger(at);
    case FRACTION:
    case TIME_FRACTION: {
      const seconds = <f64>longDecimal(at, SECOND_DIGITS) * 1e6;
      const point = numberEnd();
      if (load<u8>(point) !== DOT) {
        endNumber(0);
        return 0;
      }
      return seconds + fraction(point);
    }
    case TIME_SECONDS:
      return <f64>longDecimal(at, SECOND_DIGITS) * 1e6;
    case TIME_MS:
      return scaled(longDecimal(at, LONG_DIGITS), 1000);
    case TIME_US:
      return scaled(longDecimal(at, LONG_DIGITS), 1_000_000);
    default:
      return scaled(longDecimal(at, LONG_DIGITS), 1_000_000_000);
  }
}

/** µs of a number of parts of a second */
function scaled(value: u64, parts: u64): f64 {
  const rest = value % parts;
  const part = parts > 1_000_000 ? <f64>rest / 1000 : <f64>(rest * (1_000_000 / parts));
  return <f64>(value / parts) * 1e6 + part;
}

function blanksEnd(at: usize): usize {
  while (load<u8>(at) === SPACE || load<u8>(at) === TAB) {
    at++;
  }
  return at;
}
