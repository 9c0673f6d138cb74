import type { Layout } from "../native/layout.ts";
import { type LineForm, Step } from "../native/line-form.ts";
import { FieldKind } from "./fields.ts";
import type { LineTemplate, TemplateField, TemplateParts } from "./line-template.ts";
import type { FieldPlaces } from "./line-variants.ts";
import { beginsSign } from "./result-sign.ts";

/** Bytes of a text that one step has at most. */
const TEXT_BYTES = 255;

/**
 * The form of the lines that are like the templates: that of what stands before the call, and of what stands behind it. Null if
 * only a line reader gets the same out of them.
 */
export function formOfTemplates(
  head: LineTemplate,
  tail: LineTemplate,
  layout: Layout,
): LineForm | null {
  const parts = head.describe();
  const steps = parts === null ? null : stepsOf(parts, layout);
  if (parts === null || steps === null) {
    return null;
  }
  const behind = tail.describe();
  const tailSteps = behind === null || mayBeResult(behind) ? [] : stepsOf(behind, layout);
  const hasPid = [parts, behind].some((one) => hasProcess(one?.places));
  return { head: steps, tail: tailSteps ?? [], hasPid };
}

function hasProcess(places: FieldPlaces | undefined): boolean {
  return places !== undefined && Math.max(places.pid, places.pidTid) >= 0;
}

/** True if a line reader could take it for what a free returns. A number without a sign is none. */
function mayBeResult({ fields, behind }: TemplateParts): boolean {
  const first = (fields[0]?.before ?? behind)[0];
  return first !== undefined && beginsSign(first);
}

function stepsOf({ fields, behind, places }: TemplateParts, layout: Layout): number[] | null {
  const steps: number[] = [];
  for (const [at, field] of fields.entries()) {
    const text = textSteps(field.before);
    const next = fields[at + 1]?.before ?? behind;
    const value = valueSteps(field, at, places, layout, next[0]);
    if (text === null || value === null) {
      return null;
    }
    steps.push(...text, ...value);
  }
  const end = textSteps(behind);
  return end === null ? null : [...steps, ...end];
}

/** Null if there are control characters, which the module uses itself. */
function textSteps(text: Uint8Array): number[] | null {
  if (text.some((byte) => byte < SPACE && byte !== TAB)) {
    return null;
  }
  const steps: number[] = [];
  for (let at = 0; at < text.length; at += TEXT_BYTES) {
    const part = text.subarray(at, at + TEXT_BYTES);
    steps.push(Step.text, part.length, ...part);
  }
  return steps;
}

/** `next`: the byte behind the field's digits; undefined: the call's name. Null: the module cannot read it. */
function valueSteps(
  field: TemplateField,
  at: number,
  places: FieldPlaces,
  layout: Layout,
  next: number | undefined,
): number[] | null {
  const { kind, isHex } = field;
  switch (at) {
    case places.pid:
      return decimalSteps(
        field,
        layout,
        "pid",
        layout.threads === "none" ? Step.process : Step.pid,
      );
    case places.tid:
      return layout.threads === "ids" ? decimalSteps(field, layout, "tid", Step.tid) : null;
    case places.pidTid:
      return kind === FieldKind.fraction ? [Step.pid, Step.text, 1, DOT, Step.tid] : null;
    case places.time:
      return timeSteps(kind, layout.timeDecimals, next);
    case places.caller:
      return callerSteps(kind, isHex);
    default:
      return unusedSteps(kind, isHex);
  }
}

function decimalSteps(
  { kind, isHex }: TemplateField,
  { columns, after }: Layout,
  role: "pid" | "tid",
  step: Step,
): number[] | null {
  const column = [...(columns ?? []), ...after].find((one) => one.role === role);
  return kind === FieldKind.number && !isHex && column?.base === 10 ? [step] : null;
}

function timeSteps(
  kind: number,
  decimals: Layout["timeDecimals"],
  next: number | undefined,
): number[] | null {
  if (kind === FieldKind.clock) {
    return [Step.timeClock];
  }
  if (kind === FieldKind.fraction) {
    return decimals === 0 ? [Step.timeFraction] : null;
  }
  // A point or colon behind the number: a line reader takes it for a part of the time.
  const isPlain = kind === FieldKind.number && next !== DOT && next !== COLON;
  return isPlain ? [TIME_STEPS[decimals]] : null;
}

const TIME_STEPS: Readonly<Record<Layout["timeDecimals"], Step>> = {
  0: Step.timeSeconds,
  3: Step.timeMs,
  6: Step.timeUs,
  9: Step.timeNs,
};

/** A caller in words is a number that only the line reader knows. */
function callerSteps(kind: number, isHex: boolean): number[] | null {
  switch (kind) {
    case FieldKind.number:
      return [isHex ? Step.callerHexDigits : Step.callerDigits];
    case FieldKind.hex:
      return [Step.callerHex];
    default:
      return null;
  }
}

function unusedSteps(kind: number, isHex: boolean): number[] {
  switch (kind) {
    case FieldKind.number:
      return [isHex ? Step.hexDigits : Step.digits];
    case FieldKind.hex:
      return [Step.hex];
    case FieldKind.fraction:
      return [Step.fraction];
    case FieldKind.clock:
      return [Step.clock];
    default:
      return [];
  }
}

const TAB = 0x09;
const SPACE = 0x20;
const DOT = 0x2e;
const COLON = 0x3a;
