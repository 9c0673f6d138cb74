import type { ColumnRole } from "../native/layout.ts";
import { FieldKind } from "./fields.ts";
import { areProcessAndThread, LEAST_ID, MAX_ID, NEAR } from "./pid-column.ts";
import type { Field } from "./sample-lines.ts";
import { epochUnit } from "./time-unit.ts";

/** What the values of a column look like. */

/** A thread writes its own lines in the order of their times, except where the clock is set back. */
export const MOST_FALLS = 0.1;

/** glibc aligns a thread's struct pthread, whose address is its handle, to this at least; return addresses are not. */
const HANDLE_ALIGNMENT = 64;

/** malloc aligns its blocks to this; return addresses are not aligned. */
const BLOCK_ALIGNMENT = 16;

/** The base of a column's numbers that have no 0x. */
export function baseOf(values: readonly Field[]): 10 | 16 {
  return values.some(({ text, kind }) => kind === FieldKind.number && /[a-f]/i.test(text))
    ? 16
    : 10;
}

/** 0 for nil, and for a text. */
export function numbersOf(values: readonly Field[]): number[] {
  const base = baseOf(values);
  return values.map(({ text, kind }) => {
    const value = Number(kind === FieldKind.number && base === 16 ? `0x${text}` : text);
    return Number.isNaN(value) ? 0 : value;
  });
}

export function fitsRole(values: readonly Field[], role: ColumnRole): boolean {
  switch (role) {
    case "pid":
      return isInteger(values);
    case "tid":
      return isInteger(values) || values.every(({ kind }) => kind === FieldKind.text);
    case "time":
      return isClock(values) || isInteger(values) || isMostly(values, FieldKind.fraction);
    case "caller":
      return (
        values.every(({ kind }) => kind !== FieldKind.clock && kind !== FieldKind.fraction) &&
        !values.every(({ kind, text }) => kind === FieldKind.number && Number(text) <= MAX_ID)
      );
    default:
      return role === "other";
  }
}

export function isInteger(values: readonly Field[]): boolean {
  return values.every(({ kind }) => kind === FieldKind.number || kind === FieldKind.hex);
}

export function isClock(values: readonly Field[]): boolean {
  return values.length > 0 && values.every(({ kind }) => kind === FieldKind.clock);
}

export function isMostly(values: readonly Field[], kind: FieldKind): boolean {
  return values.filter((field) => field.kind === kind).length * 2 > values.length;
}

/** `pid.tid`: threads of few processes, whose numbers come back, or lie a little above the process's; a time would rise. */
export function areBothIds(values: readonly Field[]): boolean {
  const areWhole = values.every(
    ({ kind, text }) => kind === FieldKind.fraction && /^[1-9]\d*\.[1-9]\d*$/.test(text),
  );
  if (!areWhole) {
    return false;
  }
  const pairs = values.map(({ text }) => text.split(".").map(Number));
  const firsts = pairs.map(([first]) => first ?? 0);
  const seconds = pairs.map(([, second]) => second ?? 0);
  const areNear = pairs.every(
    ([first = 0, second = 0]) => first >= LEAST_ID && second >= first && second - first <= NEAR,
  );
  return (areNear || comesBack(seconds)) && areProcessAndThread(firsts, seconds);
}

/** The native place: `tid [caller]` or `tid time [caller]`. */
export function isNativeCaller(columns: readonly (readonly Field[])[]): boolean {
  const last = columns.at(-1) ?? [];
  const forms = columns.slice(0, -1).map(([first]) => first?.kind);
  const [tid, time] = forms;
  const isTime =
    time === undefined ||
    time === FieldKind.clock ||
    time === FieldKind.fraction ||
    time === FieldKind.number;
  return (
    tid === FieldKind.number &&
    columns[0]?.every(({ bracket }) => bracket === "") === true &&
    forms.length <= 2 &&
    isTime &&
    isInteger(last) &&
    last.every(({ bracket }) => bracket === "[" || bracket === "(")
  );
}

/**
 * A return address, in some lines a place in code: in brackets, or after other columns, and not aligned as the handles of
 * threads are.
 */
export function isCaller(
  values: readonly Field[],
  numbers: readonly number[],
  at: number,
): boolean {
  const addresses = values.filter(({ kind }) => kind !== FieldKind.place);
  if (!isInteger(addresses)) {
    return false;
  }
  const isAddress = addresses.every(({ kind }) => kind === FieldKind.hex) || baseOf(values) === 16;
  const areAligned = numbers.every((value) => value % HANDLE_ALIGNMENT === 0);
  const isBracketed = values.every(({ bracket }) => bracket !== "");
  return isAddress && !areAligned && (isBracketed || at > 0);
}

/** Behind a result other addresses may stand: those of callers are not aligned as blocks are, and come back. */
export function areReturnAddresses(values: readonly Field[], numbers: readonly number[]): boolean {
  const areHex = values.length > 0 && values.every(({ kind }) => kind === FieldKind.hex);
  const areAligned = numbers.every((value) => value % BLOCK_ALIGNMENT === 0);
  const isBracketed = values.every(({ bracket }) => bracket !== "");
  return areHex && !areAligned && (isBracketed || new Set(numbers).size * 2 <= numbers.length);
}

/** Times since 1970. Seconds may also be numbers of other kinds: those must differ, and be mostly in order. */
export function isEpoch(values: readonly Field[], times: readonly number[]): boolean {
  const areNumbers = values.every(({ kind }) => kind === FieldKind.number);
  const unit = areNumbers ? epochUnit(times) : null;
  const looksLikeTime = new Set(times).size > 1 && rises(times);
  return unit !== null && (unit > 0 || looksLikeTime);
}

/** µs of an hour. Where nothing else says what numbers are, those that rise below it may count bytes. */
const LEAST_TIME = 2 ** 32;

/** True for numbers behind results that can be nothing but times: in order, with a fraction or too large for others. */
export function areTimesBehind(values: readonly Field[], numbers: readonly number[]): boolean {
  // In `<0.000012>`, tracers print how long a call took.
  const areFractions =
    isMostly(values, FieldKind.fraction) && values.every(({ bracket }) => bracket !== "<");
  const areLarge = isInteger(values) && numbers.every((number) => number >= LEAST_TIME);
  return (areFractions || areLarge) && new Set(numbers).size > 1 && rises(numbers, MOST_FALLS);
}

/** True if numbers fall from line to line in at most so large a part of the lines. */
export function rises(times: readonly number[], mostFalls = 0.5): boolean {
  const falls = times.filter((time, i) => time < (times[i - 1] ?? time)).length;
  return falls <= times.length * mostFalls;
}

/** Few numbers, some of which come back after others. */
export function comesBack(numbers: readonly number[]): boolean {
  const few = new Set(numbers).size * 2 <= numbers.length;
  return few && numbers.some((number, i) => number < (numbers[i - 1] ?? 0));
}

export function secondsOf(clock: string): number {
  const [, hours = "0", minutes = "0", seconds = "0"] =
    /(\d+):(\d\d):(\d\d(?:[.,:]\d+)?)/.exec(clock) ?? [];
  return (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds.replace(/[,:]/, "."));
}
