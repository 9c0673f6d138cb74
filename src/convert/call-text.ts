import { type EventColumns, Op } from "../trace/event.ts";

/** Calls as the native format and logalloc print them. */

/** `malloc(20) = 0x5581a2b0`. `equals`: what stands before a result; `label`: of a mark */
export function callText(events: EventColumns, i: number, equals: string, label: string): string {
  // The column holds an Op.
  const op = events.op[i]! as Op;
  const size = events.size[i]!;
  switch (op) {
    case Op.malloc:
      return `malloc(${natural(size)})${equals}${hexadecimal(events.pointerOut[i]!)}`;
    case Op.calloc:
      return `calloc(${factors(size)})${equals}${hexadecimal(events.pointerOut[i]!)}`;
    case Op.realloc:
      return `${reallocText(hexadecimal(events.pointerIn[i]!), size)}${equals}${hexadecimal(events.pointerOut[i]!)}`;
    case Op.memalign:
      return `memalign(${natural(events.align[i]!)}, ${natural(size)})${equals}${hexadecimal(events.pointerOut[i]!)}`;
    case Op.valloc:
      return `valloc(${natural(size)})${equals}${hexadecimal(events.pointerOut[i]!)}`;
    case Op.pvalloc:
      return `pvalloc(${natural(size)})${equals}${hexadecimal(events.pointerOut[i]!)}`;
    case Op.free:
      return `free(${hexadecimal(events.pointerIn[i]!)})`;
    case Op.mallocTrim:
      return `malloc_trim(${natural(size)})`;
    case Op.mallopt:
      return `mallopt(${integer(events.align[i]!)}, ${integer(size)})`;
    case Op.threadExit:
      return "thread_exit()";
    case Op.mark:
      return `mark(${label})`;
    default:
      return op satisfies never;
  }
}

/** Sizes of 2^64 and more are products that overflow: of reallocarray, or of calloc. */
const WORD = 2 ** 64;

function reallocText(pointer: string, size: number): string {
  return size < WORD
    ? `realloc(${pointer}, ${natural(size)})`
    : `reallocarray(${pointer}, ${factors(size)})`;
}

/** Two factors of a product, each of which a line can state: 1, unless that leaves too much. */
function factors(product: number): string {
  let count = 1;
  while (product / count >= WORD) {
    count *= 2;
  }
  return `${natural(count)}, ${natural(product / count)}`;
}

/** The most that a line can state, in 20 digits. */
const MOST_NATURAL = 10n ** 20n - 1n;

function natural(value: number): string {
  if (value <= Number.MAX_SAFE_INTEGER) {
    return String(value);
  }
  const whole = BigInt(value);
  return String(whole > MOST_NATURAL ? MOST_NATURAL : whole);
}

function integer(value: number): string {
  return value < 0 ? `-${natural(-value)}` : natural(value);
}

/** The most that a line can state, in 16 digits; the double nearest to it is 2^64. */
const MOST_POINTER = 2n ** 64n - 1n;

/** Digits of the lower part of a number: both parts are small integers, which become text ten times as fast. */
const LOW_DIGITS = 6;
const LOW = 16 ** LOW_DIGITS;

/** With 0x. */
export function hexadecimal(value: number): string {
  if (value < LOW) {
    return `0x${value.toString(16)}`;
  }
  if (value <= Number.MAX_SAFE_INTEGER) {
    const low = (value % LOW).toString(16).padStart(LOW_DIGITS, "0");
    return `0x${Math.floor(value / LOW).toString(16)}${low}`;
  }
  const whole = BigInt(value);
  return `0x${(whole > MOST_POINTER ? MOST_POINTER : whole).toString(16)}`;
}
