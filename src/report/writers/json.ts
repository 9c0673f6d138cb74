import type { Writer } from "./writer.ts";

/** The report as it is, and safe on a terminal all the same. Arrays of plain numbers stand on one line: a timeline has thousands of points. */
export const writeJson: Writer = ({ report }) => printJson(report);

/** Any value, with the last newline of a file. */
export function printJson(value: unknown): string {
  return `${print(value, "")}\n`;
}

function print(value: unknown, indent: string): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every(isPlain)) {
      return `[${value.map((item) => print(item, "")).join(", ")}]`;
    }
    const items = value.map((item) => `${deeper}${print(item, deeper)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    if (entries.length === 0) {
      return "{}";
    }
    const items = entries.map(
      ([key, item]) => `${deeper}${print(key, "")}: ${print(item, deeper)}`,
    );
    return `{\n${items.join(",\n")}\n${indent}}`;
  }
  // NaN and infinities, which JSON has not, become null.
  return escapeSteering(JSON.stringify(value));
}

/** Makes JSON of one line safe on a terminal; read back, it is the same. */
export function escapeSteering(json: string): string {
  return json.replace(STEERING, escaped);
}

/** What JSON.stringify leaves as it is and a terminal may obey: C1 controls, bidirectional overrides and the like. */
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The UTF-16 units as JSON spells them: read back, it is the same text. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

function isPlain(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}
