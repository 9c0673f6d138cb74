import type { ColumnRole } from "../native/layout.ts";
import { areProcessAndThread } from "./pid-column.ts";
import { type Field, signatureOf } from "./sample-lines.ts";
import { epochUnit } from "./time-unit.ts";

/** glibc aligns a thread's struct pthread, whose address is its handle, to this at least; return addresses are not. */
const HANDLE_ALIGNMENT = 64;

/** The base of a column's numbers that have no 0x. */
export function baseOf(values: readonly Field[]): 10 | 16 {
  return values.some(({ text, kind }) => kind === "n" && /[a-f]/i.test(text)) ? 16 : 10;
}

/** 0 for nil. */
export function numbersOf(values: readonly Field[]): number[] {
  const base = baseOf(values);
  return values.map(({ text, kind }) => {
    const value = Number(kind === "n" && base === 16 ? `0x${text}` : text);
    return Number.isNaN(value) ? 0 : value;
  });
}

/**
 * What each column is, by how its values behave: the columns of lines of one signature, in the order of lines. A log has
 * at most one column of each role but "other".
 */
export function columnRoles(columns: readonly (readonly Field[])[]): ColumnRole[] {
  const roles: ColumnRole[] = columns.map(() => "other");
  const give = (role: ColumnRole, at: number | undefined): void => {
    if (at !== undefined && at >= 0) {
      roles[at] = role;
    }
  };
  const numbers = columns.map(numbersOf);
  const kinds = columns.map(([first]) => first?.kind ?? "w");
  const integers = kinds.flatMap((kind, at) => (kind === "n" || kind === "x" ? [at] : []));
  const caller = isNativeCaller(columns)
    ? columns.length - 1
    : integers.findLast((at) => isCaller(columns[at] ?? [], numbers[at] ?? [], at));
  give("caller", caller);
  let ids = integers.filter((at) => at !== caller);

  let time = kinds.findIndex((kind) => kind === "c" || kind === "d" || kind === "f");
  if (time < 0) {
    time = ids.find((at) => isEpoch(columns[at] ?? [], numbers[at] ?? [])) ?? -1;
  }
  ids = ids.filter((at) => at !== time);
  const [first, second, third] = ids;
  const hasPid =
    first !== undefined &&
    second !== undefined &&
    areProcessAndThread(numbers[first] ?? [], numbers[second] ?? []);
  if (time < 0) {
    // The native order, `tid time`, if nothing else is shown.
    time = (hasPid ? third : second) ?? -1;
  }
  give("time", time);
  give("pid", hasPid ? first : undefined);
  give("tid", hasPid ? second : first);
  return roles;
}

/** The native place: `tid [caller]` or `tid time [caller]`. */
function isNativeCaller(columns: readonly (readonly Field[])[]): boolean {
  const signature = columns.map(([first]) => (first === undefined ? "" : signatureOf(first)));
  return /^n[cfn]?[NX]$/.test(signature.join(""));
}

/** A return address: in brackets, or after other columns, and not aligned as the handles of threads are. */
function isCaller(values: readonly Field[], numbers: readonly number[], at: number): boolean {
  const isAddress = values.every(({ kind }) => kind === "x") || baseOf(values) === 16;
  const areAligned = numbers.every((value) => value % HANDLE_ALIGNMENT === 0);
  const isBracketed = values.every((field) => field.isBracketed);
  return isAddress && !areAligned && (isBracketed || at > 0);
}

/** Times since 1970. Seconds may also be numbers of other kinds: those must differ, and be mostly in order. */
function isEpoch(values: readonly Field[], times: readonly number[]): boolean {
  const unit = values.every(({ kind }) => kind === "n") ? epochUnit(times) : null;
  const falls = times.filter((time, i) => time < (times[i - 1] ?? time)).length;
  const looksLikeTime = new Set(times).size > 1 && falls * 2 <= times.length;
  return unit !== null && (unit > 0 || looksLikeTime);
}
