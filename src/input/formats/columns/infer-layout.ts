import {
  type Column,
  type ColumnRole,
  type Layout,
  NATIVE_FORMAT,
  NATIVE_LAYOUT,
} from "../native/layout.ts";
import { columnRoles, type ShownRole } from "./column-roles.ts";
import { baseOf, numbersOf } from "./column-values.ts";
import { areDecimal } from "./decimal-pointers.ts";
import { FieldKind } from "./fields.ts";
import type { GivenColumns } from "./given-columns.ts";
import { type Field, type SampledLine, sampleHashedLines, sampleLines } from "./sample-lines.ts";
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
  const plain = sampleLines(head);
  const lines = plain.length > 0 ? plain : sampleHashedLines(head);
  const sample = typicalOf(lines, TYPICAL);
  if (sample === null) {
    return NATIVE_LAYOUT;
  }
  const hasHash = plain.length === 0;
  const { typical, before, after, hasTail } = sample;
  const shown = columnRoles(
    before,
    after,
    typical.map(({ use }) => use),
  );
  const layout = layoutOf(shown, before, after, lines);
  const isNative =
    !hasHash &&
    layout.threads === "ids" &&
    layout.columns?.find(({ role }) => role === "tid")?.base === 10 &&
    isNativeOrder(shown.slice(0, before.length)) &&
    layout.after.every(({ role }) => role === "other") &&
    typical.every((line) => line.isNative || (line.hasTail && !hasTail));
  return { ...layout, columns: isNative ? null : layout.columns, hasTail, hasHash };
}

/** The layout that the user has named; the lines show the rest. */
export function layoutOfColumns(head: string, given: GivenColumns): Layout {
  const plain = sampleLines(head);
  const lines = plain.length > 0 ? plain : sampleHashedLines(head);
  const sample = typicalOf(lines, 0);
  const before = padded(sample?.before ?? [], given.before.length);
  const after = padded(sample?.after ?? [], given.after.length);
  const shown = [...rolesOf(given.before, before.length), ...rolesOf(given.after, after.length)];
  const layout = layoutOf(shown, before, after, lines);
  return {
    ...layout,
    timeDecimals: given.timeDecimals ?? layout.timeDecimals,
    hasTail: given.after.length > 0 || (sample?.hasTail ?? false),
    hasHash: plain.length === 0 && lines.length > 0,
  };
}

function padded(columns: readonly (readonly Field[])[], length: number): (readonly Field[])[] {
  return Array.from({ length: Math.max(columns.length, length) }, (_, at) => columns[at] ?? []);
}

function rolesOf(roles: readonly ColumnRole[], length: number): ShownRole[] {
  return Array.from({ length }, (_, at) => ({ role: roles[at] ?? "other", by: "given" }));
}

interface Sample {
  readonly typical: readonly SampledLine[];
  /** values of each field, before the call and behind its result */
  readonly before: readonly (readonly Field[])[];
  readonly after: readonly (readonly Field[])[];
  readonly hasTail: boolean;
}

/** The lines of the most frequent form; null if they are less than `part` of all, or none. */
function typicalOf(lines: readonly SampledLine[], part: number): Sample | null {
  const typical = mostOf(lines);
  if (typical.length === 0 || typical.length < lines.length * part) {
    return null;
  }
  const withTail = lines.filter((line) => line.hasTail).length;
  const hasTail = withTail > 0 && withTail >= lines.length * WITH_TAIL;
  return {
    typical,
    before: columnsOf(typical.map(({ fields }) => fields)),
    after: hasTail ? tailColumns(typical) : [],
    hasTail,
  };
}

function layoutOf(
  shown: readonly ShownRole[],
  before: readonly (readonly Field[])[],
  after: readonly (readonly Field[])[],
  lines: readonly SampledLine[],
): Layout {
  const values = [...before, ...after];
  const columns = shown.map((one, at) => columnOf(one, values[at] ?? []));
  return {
    ...NATIVE_LAYOUT,
    columns: columns.slice(0, before.length),
    after: columns.slice(before.length),
    pointerBase: areDecimal(lines.flatMap(({ pointers }) => pointers)) ? 10 : 16,
    ...valuesOf(shown, values),
  };
}

/** What the values of columns show, whose roles are known. */
export function valuesOf(
  shown: readonly ShownRole[],
  values: readonly (readonly Field[])[],
): Pick<Layout, "timeDecimals" | "processes" | "threads"> {
  const of = (role: ColumnRole): readonly Field[] =>
    values[shown.findIndex((one) => one.role === role)] ?? [];
  const both = of("pid.tid").map(({ text }) => Number.parseInt(text, 10));
  return {
    timeDecimals: decimalsOf(of("time")),
    processes: new Set([...both, ...numbersOf(of("pid"))]).size,
    threads: threadsOf(of("tid"), shown),
  };
}

/** True if the log states the native format or its first lines have its common form: no other needs to be looked for. */
export function isClearlyNative(head: string): boolean {
  if (head.startsWith(`# ${NATIVE_FORMAT}\n`)) {
    return true;
  }
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

function mostOf(lines: readonly SampledLine[]): SampledLine[] {
  const counts = new Map<number, number>();
  for (const { form } of lines) {
    counts.set(form, (counts.get(form) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return lines.filter(({ form }) => form === most?.[0]);
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
    return shown.some(({ role }) => role === "pid.tid" || role === "tid") ? "ids" : "none";
  }
  if (tids.some(({ kind }) => kind === FieldKind.text)) {
    return "names";
  }
  return numbersOf(tids).some((tid) => tid > MAX_TID) ? "handles" : "ids";
}

/** A clock states its unit, and others may. */
function decimalsOf(times: readonly Field[]): Layout["timeDecimals"] {
  const [unit = null, ...others] = new Set(times.map((time) => time.unit));
  if (times.some(({ kind }) => kind === FieldKind.clock)) {
    return 0;
  }
  return unit !== null && others.length === 0 ? unit : timeUnit(numbersOf(times));
}

export function columnOf({ role, by }: ShownRole, values: readonly Field[]): Column {
  return { role, by, kind: values[0]?.kind ?? FieldKind.text, base: baseOf(values) };
}
