import { asJson } from "../as-json.ts";
import type { Writer } from "./writer.ts";

/** The report unchanged, but safe on a terminal. Arrays of plain values take one line: a timeline has a thousand points. */
export const writeJson: Writer = ({ report }) => printJson(report);

/** Any value as JSON, ending with a newline. */
export function printJson(value: unknown): string {
  return `${print(value, "")}\n`;
}

/** Characters of a piece, about. */
const PIECE = 1 << 20;

/** The same text in pieces: it may be longer than a string can be. */
export function* jsonPieces(value: unknown): Generator<string> {
  let piece = "";
  for (const part of parts(value, "")) {
    piece += part;
    if (piece.length >= PIECE) {
      yield piece;
      piece = "";
    }
  }
  yield `${piece}\n`;
}

function* parts(given: unknown, indent: string): Generator<string> {
  const value = asJson(given);
  const deeper = `${indent}  `;
  if (Array.isArray(value) && !value.every(isPlain)) {
    let before = "[\n";
    for (const item of value) {
      yield `${before}${deeper}`;
      yield* parts(item, deeper);
      before = ",\n";
    }
    yield `\n${indent}]`;
    return;
  }
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (Array.isArray(value) || entries.every(([, item]) => isPlain(item))) {
    yield print(value, indent);
    return;
  }
  let before = "{\n";
  for (const [key, item] of entries) {
    if (item !== undefined) {
      yield `${before}${deeper}${print(key, "")}: `;
      yield* parts(item, deeper);
      before = ",\n";
    }
  }
  yield `\n${indent}}`;
}

function print(given: unknown, indent: string): string {
  const value = asJson(given);
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
  // NaN and infinities become null.
  return escapeSteering(JSON.stringify(value));
}

/** Escapes what a terminal would obey; the JSON keeps its value. */
export function escapeSteering(json: string): string {
  return json.replace(STEERING, escaped);
}

/** Characters that JSON.stringify leaves and a terminal may obey: C1 controls, bidirectional overrides and the like. */
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The UTF-16 units as JSON escapes. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

function isPlain(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}
