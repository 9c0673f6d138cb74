import { CALL_NAMES } from "../native/calls.ts";

/** The kinds of a field by its form. A field in brackets has the same letter in upper case. */
export type FieldKind =
  /** `HH:MM:SS[.frac]` */
  | "c"
  /** a clock after a date and a T, as in ISO 8601 */
  | "d"
  /** `digits.digits` */
  | "f"
  /** digits, perhaps hexadecimal ones without 0x */
  | "n"
  /** `0x` and hexadecimal digits, or nil */
  | "x"
  /** anything else */
  | "w";

export interface Field {
  /** without `name=` before it, and punctuation after it */
  readonly text: string;
  readonly kind: FieldKind;
  readonly isBracketed: boolean;
  readonly isNamed: boolean;
  readonly isPunctuated: boolean;
}

export interface SampledLine {
  /** what stands before the call */
  readonly fields: readonly Field[];
  /** the forms of the fields, a letter and marks for each: lines of one signature have the same columns */
  readonly signature: string;
  /** the pointers among the call's first argument and its result, as logged */
  readonly pointers: readonly string[];
  /** more stands behind the result */
  readonly hasTail: boolean;
}

/** Bounds the work for hostile lines. */
const LINE_CHARACTERS = 500;
const LINES = 2000;

const CALL = new RegExp(
  `(?:^|[\\s\\]:|])(${CALL_NAMES.join("|")}|operator[ \\t]+(?:new|delete)[ \\t]?(?:\\[\\])?)[ \\t]*\\(`,
);

/** The call-shaped lines among the first whole lines of a log. */
export function sampleLines(head: string): SampledLine[] {
  const lines: SampledLine[] = [];
  for (const line of head.split("\n", LINES)) {
    const sampled = line.length > LINE_CHARACTERS ? null : sampleLine(line);
    if (sampled !== null) {
      lines.push(sampled);
    }
  }
  return lines;
}

/** Null: no call, or a comment. */
export function sampleLine(line: string): SampledLine | null {
  const call = CALL.exec(line);
  if (call === null || /^[ \t]*#/.test(line)) {
    return null;
  }
  const [matched, name = ""] = call;
  const end = call.index + matched.length;
  const fields = fieldsOf(line.slice(0, end - matched.trimStart().length));
  return {
    fields,
    signature: fields.map(signatureOf).join(""),
    pointers: pointersOf(name, line.slice(end)),
    hasTail: TAIL.test(line.slice(end)),
  };
}

/** A field in a signature. */
export function signatureOf({ kind, isBracketed, isNamed, isPunctuated }: Field): string {
  const letter = isBracketed ? kind.toUpperCase() : kind;
  return `${isNamed ? "=" : ""}${letter}${isPunctuated ? "," : ""}`;
}

function fieldsOf(prefix: string): Field[] {
  // A bracket or colon right before the call belongs to the match.
  return [...prefix.matchAll(/(\[[ \t]*)?([^\s[\]]+)/g)].map(([, bracket, raw = ""]) => {
    const [, name, value = "", mark = ""] = /^([A-Za-z_]+=)?(.*?)([:,;|]?)$/.exec(raw) ?? [];
    const text = value === "" ? raw : value;
    return {
      text,
      kind: kindOf(text),
      isBracketed: bracket !== undefined,
      isNamed: name !== undefined,
      isPunctuated: mark !== "",
    };
  });
}

function kindOf(text: string): FieldKind {
  if (/^\d+:\d\d:\d\d(?:\.\d+)?$/.test(text)) {
    return "c";
  }
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?$/.test(text)) {
    return "d";
  }
  if (/^\d+\.\d+$/.test(text)) {
    return "f";
  }
  if (/^(?:\d{1,20}|(?=.*\d)[\da-f]{5,16})$/i.test(text)) {
    return "n";
  }
  return /^(?:0x[\da-f]{1,16}|\(?nil\)?)$/i.test(text) ? "x" : "w";
}

const TAIL = /\)[ \t]*(?:=|->)[ \t]*[\w<>()]+[ \t]+\S/;

const TAKES_POINTER = /free|realloc|delete|_Zd/;

function pointersOf(name: string, rest: string): string[] {
  const given = TAKES_POINTER.test(name) ? /^[ \t]*(\w+)/.exec(rest)?.[1] : undefined;
  const returned = /\)[ \t]*(?:=|->)[ \t]*(\w+)/.exec(rest)?.[1];
  return [given, returned].filter((text) => text !== undefined);
}
