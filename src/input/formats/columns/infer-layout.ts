import { type Column, type ColumnRole, type Layout, NATIVE_LAYOUT } from "../native/layout.ts";
import { baseOf, columnRoles, numbersOf, type ShownRole } from "./column-roles.ts";
import { areDecimal } from "./decimal-pointers.ts";
import { FieldKind } from "./fields.ts";
import { type Field, type SampledLine, sampleLines } from "./sample-lines.ts";
import { timeUnit } from "./time-unit.ts";

/** Highest thread id that a batch of events can hold. */
const MAX_TID = 2 ** 31 - 1;

/** If all of so many lines have the exact form of the native format, others need not be looked at. */
const CLEAR_LINES = 64;

/** The form that the scanner reads fastest. Its threads are ids, and its pointers have 0x. */
const COMMON =
  /^\d{1,9} \d\d:\d\d:\d\d\.\d{6} \[0x[\da-f]+\] \w+\([^()]*\)(?:\s= 0x[\da-f]+)?\r?$/i;

/** So large a part of the lines must have one form, so that its columns are those of the log. */
const TYPICAL = 0.4;

/** So large a part of the lines shows that lines may have more behind the result. */
const WITH_TAIL = 0.05;

/**
 * The layout of a log's lines, by the first of them. It is the native one unless the lines show another: a part of the
 * call-shaped lines must have the same fields before the call.
 */
export function inferLayout(head: string): Layout {
  if (isClearlyNative(head)) {
    return NATIVE_LAYOUT;
  }
  const lines = sampleLines(head);
  const typical = mostOf(lines);
  const [first] = typical;
  if (first === undefined) {
    return NATIVE_LAYOUT;
  }
  const withTail = lines.filter((line) => line.hasTail).length;
  const hasTail = withTail > 0 && withTail >= lines.length * WITH_TAIL;
  const before = columnsOf(typical.map(({ fields }) => fields));
  const after = hasTail ? tailColumns(typical) : [];
  const shown = columnRoles(before, after);
  const values = [...before, ...after];
  const of = (role: ColumnRole): readonly Field[] =>
    values[shown.findIndex((one) => one.role === role)] ?? [];
  const threads = threadsOf(of("tid"), shown);
  const isNative =
    threads === "ids" &&
    baseOf(of("tid")) === 10 &&
    isNativeOrder(shown.slice(0, before.length)) &&
    shown.slice(before.length).every(({ role }) => role === "other") &&
    typical.every((line) => line.isNative || (line.hasTail && !hasTail));
  const pids = shown.some(({ role }) => role === "pid.tid")
    ? of("pid.tid").map(({ text }) => Number.parseInt(text, 10))
    : numbersOf(of("pid"));
  const column = (one: ShownRole, at: number): Column => columnOf(one, values[at] ?? []);
  return {
    columns: isNative ? null : shown.slice(0, before.length).map(column),
    after: shown.slice(before.length).map((one, at) => column(one, before.length + at)),
    timeDecimals: decimalsOf(of("time")),
    pointerBase: areDecimal(lines.flatMap(({ pointers }) => pointers)) ? 10 : 16,
    processes: new Set(pids).size,
    hasTail,
    threads,
  };
}

/** True if the first lines have the native format's common form, so that no other needs to be looked for. */
export function isClearlyNative(head: string): boolean {
  let start = 0;
  for (let lines = 0; lines < CLEAR_LINES; ) {
    const end = head.indexOf("\n", start);
    const line = head.slice(start, end);
    const isComment = line.startsWith("#");
    if (end < 0 || !(isComment || COMMON.test(line))) {
      return false;
    }
    lines += isComment ? 0 : 1;
    start = end + 1;
  }
  return true;
}

/** The lines of the most frequent form; none if too few lines have it. */
function mostOf(lines: readonly SampledLine[]): SampledLine[] {
  const counts = new Map<number, number>();
  for (const { form } of lines) {
    counts.set(form, (counts.get(form) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  if (most === undefined || most[1] < lines.length * TYPICAL) {
    return [];
  }
  return lines.filter(({ form }) => form === most[0]);
}

/** The values of each field, in the order of lines. */
function columnsOf(lines: readonly (readonly Field[])[]): Field[][] {
  return (lines[0] ?? []).map((_, at) => lines.flatMap((fields) => fields[at] ?? []));
}

/** The fields that most lines with something behind the result have there. */
function tailColumns(lines: readonly SampledLine[]): Field[][] {
  const tails = lines.map(({ tail }) => tail).filter(({ length }) => length > 0);
  const most = Math.max(0, ...tails.map(({ length }) => length));
  return Array.from({ length: most }, (_, at) =>
    tails.flatMap((fields) => fields[at] ?? []),
  ).filter((values) => values.length * 2 > tails.length);
}

/** True if the native grammar reads such columns with the same meaning. */
function isNativeOrder(shown: readonly ShownRole[]): boolean {
  return /^tid(?:,time)?(?:,caller)?$/.test(shown.map(({ role }) => role).join());
}

function threadsOf(tids: readonly Field[], shown: readonly ShownRole[]): Layout["threads"] {
  if (tids.length === 0) {
    return shown.some(({ role }) => role === "pid.tid") ? "ids" : "none";
  }
  if (tids.some(({ kind }) => kind === FieldKind.text)) {
    return "names";
  }
  return numbersOf(tids).some((tid) => tid > MAX_TID) ? "handles" : "ids";
}

/** A clock states its unit. */
function decimalsOf(times: readonly Field[]): Layout["timeDecimals"] {
  return times.some(({ kind }) => kind === FieldKind.clock) ? 0 : timeUnit(numbersOf(times));
}

function columnOf({ role, by }: ShownRole, values: readonly Field[]): Column {
  return { role, by, kind: values[0]?.kind ?? FieldKind.text, base: baseOf(values) };
}
