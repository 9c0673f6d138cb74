import { isBlank, isDigit, NativeCursor } from "../native/cursor.ts";
import type { ColumnRole } from "../native/layout.ts";
import { NativeLine } from "../native/line.ts";
import { classEnd, WORD } from "./bytes.ts";
import { CallReader } from "./call-reader.ts";
import { roleOfName } from "./column-names.ts";
import { FieldKind, Fields } from "./fields.ts";
import { formOf } from "./line-variants.ts";
import type { BlockUse } from "./shared-cache.ts";
import { type TimeDecimals, unitAt } from "./time-unit.ts";

/** A field of a line, as what its column is inferred from. */
export interface Field {
  readonly text: string;
  readonly kind: FieldKind;
  /** the bracket right before it; "": none */
  readonly bracket: string;
  /** what a word before it says that it is */
  readonly named: ColumnRole | null;
  /** of a time, as a unit behind it says: `12ms`; null: none does */
  readonly unit: TimeDecimals | null;
}

export interface SampledLine {
  /** what stands before the call */
  readonly fields: readonly Field[];
  /** what stands behind its result */
  readonly tail: readonly Field[];
  /** lines of one form have the same fields before the call */
  readonly form: number;
  /** the pointers among the call's arguments, and its result, as logged */
  readonly pointers: readonly string[];
  readonly use: BlockUse;
  /** more stands behind the result */
  readonly hasTail: boolean;
  /** the grammar of the native format reads the line */
  readonly isNative: boolean;
}

/** Bounds the work for hostile lines. */
const LINE_BYTES = 800;
const LINES = 2000;

/** Fields behind the result of which the columns are inferred. */
const TAIL_FIELDS = 6;

/** The call-shaped lines among the first whole lines of a log, whose text is latin1. */
export function sampleLines(head: string): SampledLine[] {
  return sampled(head, false);
}

/** The same, of lines that begin with # as others do; none if most lines have no call. */
export function sampleHashedLines(head: string): SampledLine[] {
  const lines = sampled(head, true);
  const all = head.split("\n", LINES).filter((line) => line.trim() !== "");
  return lines.length > 1 && lines.length * 2 > all.length ? lines : [];
}

function sampled(head: string, withHash: boolean): SampledLine[] {
  const bytes = Buffer.from(`${head}\n`, "latin1");
  const sampler = new Sampler();
  const lines: SampledLine[] = [];
  for (let start = 0, count = 0; start < bytes.length && count < LINES; count++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = bytes[newline - 1] === CARRIAGE_RETURN && newline > start ? newline - 1 : newline;
    const isLeftOut = end - start > LINE_BYTES || (!withHash && isComment(bytes, start));
    const line = isLeftOut ? null : sampler.sample(bytes, start, end);
    if (line !== null) {
      lines.push(line);
    }
    start = newline + 1;
  }
  return lines;
}

/** Null: no call, or a comment. */
export function sampleLine(line: string): SampledLine | null {
  return sampleLines(line)[0] ?? null;
}

class Sampler {
  readonly #fields = new Fields();
  readonly #call = new CallReader();
  readonly #native = new NativeLine();
  /** also reads decimal pointers, as digits */
  readonly #cursor = new NativeCursor(16);

  sample(bytes: Buffer, start: number, end: number): SampledLine | null {
    const fields = this.#fields;
    if (!fields.readToCall(bytes, start, end) || fields.call === null) {
      return null;
    }
    const form = formOf(fields, fields.count);
    const before = fieldsOf(bytes, fields);
    const cursor = this.#cursor;
    cursor.start(bytes, start, end);
    if (!this.#call.read(cursor, fields.call, fields)) {
      return null;
    }
    const use = { freed: this.#call.pointerIn, returned: this.#call.pointerOut };
    const behind = cursor.at;
    if (fields.readToCall(bytes, behind, end)) {
      return null;
    }
    const tail = fieldsOf(bytes, fields).slice(0, TAIL_FIELDS);
    const hasTail = /[\w([{<"#]/.test(bytes.toString("latin1", behind, end));
    const pointers = this.#pointers(bytes);
    const isNative = this.#native.parse(bytes, start, end);
    return { fields: before, tail, form, pointers, use, hasTail, isNative };
  }

  #pointers(bytes: Buffer): string[] {
    const { inStart, inEnd, outStart, outEnd } = this.#call;
    return [[inStart, inEnd] as const, [outStart, outEnd] as const].flatMap(([from, to]) =>
      to === 0 ? [] : [bytes.toString("latin1", from, to)],
    );
  }
}

function isComment(bytes: Buffer, start: number): boolean {
  let at = start;
  while (isBlank(bytes[at]!)) {
    at++;
  }
  return bytes[at] === HASH;
}

/** The fields that were read of a line. */
export function fieldsOf(bytes: Buffer, { starts, ends, kinds, names, count }: Fields): Field[] {
  const fields: Field[] = [];
  for (let i = 0; i < count; i++) {
    const [start, end, name] = [starts[i]!, ends[i]!, names[i]!];
    const kind = FIELD_KINDS[kinds[i]!] ?? FieldKind.text;
    const text = bytes.toString("utf8", start, end);
    const bracket = start > 0 ? String.fromCharCode(bytes[start - 1]!) : "";
    const own = name < 0 ? null : roleOfName(wordAt(bytes, name));
    fields.push({
      text,
      kind,
      bracket: "[({<\"'`".includes(bracket) ? bracket : "",
      named:
        (hasValue(bytes, start, end) ? null : own) ??
        tagRole(bytes, start, end) ??
        roleBefore(fields.at(-1)),
      unit: unitAt(bytes, end)?.decimals ?? null,
    });
  }
  return fields;
}

/** `ThreadId(7)`: the number is the value of a name before it, as in `thread=ThreadId(7)`. */
function hasValue(bytes: Buffer, start: number, end: number): boolean {
  const isName = bytes[end] === OPEN && isDigit(bytes[end + 1] ?? 0);
  return isName && roleOfName(bytes.toString("latin1", start, end)) !== null;
}

/** `app[123]:`, as syslog has it */
function tagRole(bytes: Buffer, start: number, end: number): ColumnRole | null {
  const isTag =
    bytes[start - 1] === OPEN_BRACKET &&
    WORD[bytes[start - 2] ?? 0] === 1 &&
    isDigit(bytes[start]!) &&
    bytes[end] === CLOSE_BRACKET &&
    bytes[end + 1] === COLON;
  return isTag ? "pid" : null;
}

/** `tid 7`, but not `from` at the end of a name */
function roleBefore(field: Field | undefined): ColumnRole | null {
  return field?.kind === FieldKind.text && field.named === null ? roleOfName(field.text) : null;
}

function wordAt(bytes: Buffer, start: number): string {
  return bytes.toString("latin1", start, classEnd(bytes, start, WORD));
}

const FIELD_KINDS: readonly FieldKind[] = Object.values(FieldKind);

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HASH = 0x23;
const COLON = 0x3a;
const OPEN = 0x28;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
