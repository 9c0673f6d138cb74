import { type ColumnRole, type Layout, NATIVE_LAYOUT } from "../native/layout.ts";
import type { ShownRole } from "./column-roles.ts";
import { areDecimal } from "./decimal-pointers.ts";
import { FieldKind } from "./fields.ts";
import { groupsOf, type PatternGroup, patternOf } from "./given-pattern.ts";
import { columnOf, valuesOf } from "./infer-layout.ts";
import type { Field } from "./sample-lines.ts";

const LINES = 2000;

/** Longer lines do not show what the log's numbers are. */
const LINE_CHARACTERS = 2000;

const ROLES: readonly ColumnRole[] = ["pid", "tid", "time", "caller"];

/** The layout of lines that the user's regular expression takes apart: units and bases, by the first of them. */
export function layoutOfPattern(head: string, pattern: string): Layout {
  const form = patternOf(pattern);
  const matches: Record<string, string | undefined>[] = [];
  for (const line of head.split("\n", LINES)) {
    const groups = line.length > LINE_CHARACTERS ? undefined : form.exec(line)?.groups;
    if (groups !== undefined) {
      matches.push(groups);
    }
  }
  const valuesIn = (group: string): string[] => matches.flatMap((groups) => groups[group] ?? []);
  const roles = groupsOf(pattern).flatMap((group) => ROLES.find((role) => role === group) ?? []);
  const shown = roles.map((role): ShownRole => ({ role, by: "given" }));
  const values = roles.map((role) => valuesIn(role).map(fieldOf));
  const pointers: readonly PatternGroup[] = ["pointer", "result"];
  return {
    ...NATIVE_LAYOUT,
    columns: shown.map((one, at) => columnOf(one, values[at] ?? [])),
    pointerBase: areDecimal(pointers.flatMap(valuesIn)) ? 10 : 16,
    ...valuesOf(shown, values),
    pattern,
  };
}

function fieldOf(text: string): Field {
  return { text, kind: kindOf(text), bracket: "", named: null, unit: null };
}

function kindOf(text: string): FieldKind {
  if (/\d:\d\d:\d\d/.test(text)) {
    return FieldKind.clock;
  }
  if (/^\d+\.\d+$/.test(text)) {
    return FieldKind.fraction;
  }
  if (/^0x[\da-f]+$/i.test(text)) {
    return FieldKind.hex;
  }
  return /^(?:\d+|[\da-f]{5,16})$/i.test(text) ? FieldKind.number : FieldKind.text;
}
