import { type Column, type ColumnRole, type Layout, NATIVE_LAYOUT } from "../native/layout.ts";
import { baseOf, columnRoles, numbersOf } from "./column-roles.ts";
import { areDecimal } from "./decimal-pointers.ts";
import { type Field, type SampledLine, sampleLines } from "./sample-lines.ts";
import { timeUnit } from "./time-unit.ts";

/** Highest thread id that a batch of events can hold. */
const MAX_TID = 2 ** 31 - 1;

/** If all of so many lines have the exact form of the native format, others need not be looked at. */
const CLEAR_LINES = 64;

/** The form that the scanner reads fastest. Its threads are ids, and its pointers have 0x. */
const COMMON =
  /^\d{1,9} \d\d:\d\d:\d\d\.\d{6} \[0x[\da-f]+\] \w+\([^()]*\)(?:\s= 0x[\da-f]+)?\r?$/i;

/**
 * The layout of a log's lines, by the first of them. It is the native one unless the lines show another: most
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
  const values = first.fields.map((_, at) => typical.flatMap(({ fields }) => fields[at] ?? []));
  const roles = columnRoles(values);
  const tids = values[roles.indexOf("tid")] ?? [];
  const threads = threadsOf(tids);
  const isNative = threads === "ids" && baseOf(tids) === 10 && isNativeOrder(typical, roles);
  return {
    columns: isNative ? null : roles.map((role, at) => column(role, values[at] ?? [])),
    timeDecimals: decimalsOf(values[roles.indexOf("time")] ?? []),
    pointerBase: areDecimal(lines.flatMap(({ pointers }) => pointers)) ? 10 : 16,
    processes: new Set(numbersOf(values[roles.indexOf("pid")] ?? [])).size,
    hasTail: lines.filter(({ hasTail }) => hasTail).length * 2 > lines.length,
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

/** The lines of the most frequent signature; none if it is not that of at least half of the lines. */
function mostOf(lines: readonly SampledLine[]): SampledLine[] {
  const counts = new Map<string, number>();
  for (const { signature } of lines) {
    counts.set(signature, (counts.get(signature) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  if (most === undefined || most[1] * 2 < lines.length) {
    return [];
  }
  return lines.filter(({ signature }) => signature === most[0]);
}

/** True if the native grammar reads such lines with the same meaning. */
function isNativeOrder(lines: readonly SampledLine[], roles: readonly ColumnRole[]): boolean {
  const signature = lines[0]?.signature ?? "";
  if (/^n[cfn]?W$/.test(signature) && /^tid(?:,time)?,other$/.test(roles.join())) {
    return lines.filter(({ fields }) => isPlaceInCode(fields.at(-1))).length * 2 > lines.length;
  }
  return /^n[cfn]?[NX]?$/.test(signature) && /^tid(?:,time)?(?:,caller)?$/.test(roles.join());
}

/** `libzip.so+0x41`: other texts in brackets may be names of threads. */
function isPlaceInCode(field: Field | undefined): boolean {
  return field !== undefined && /\+0x[\da-f]+$/i.test(field.text);
}

function threadsOf(tids: readonly Field[]): Layout["threads"] {
  if (tids.length === 0) {
    return "none";
  }
  return numbersOf(tids).some((tid) => tid > MAX_TID) ? "handles" : "ids";
}

/** A clock, and seconds with a fraction, state their unit. */
function decimalsOf(times: readonly Field[]): Layout["timeDecimals"] {
  return times.some(({ kind }) => kind === "c" || kind === "d") ? 0 : timeUnit(numbersOf(times));
}

function column(role: ColumnRole, values: readonly Field[]): Column {
  return {
    role,
    base: baseOf(values),
    isNamed: values.every(({ isNamed }) => isNamed),
    isDated: values.some(({ kind }) => kind === "d"),
  };
}
