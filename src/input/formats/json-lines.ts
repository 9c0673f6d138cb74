import type { CallWriter } from "./call-writer.ts";
import { decimalsOfName, roleOfName } from "./field-names.ts";
import { FieldRecords, type Fields, formsOf } from "./field-record.ts";
import { LineKind, type LineReader, type LogFormat } from "./log-format.ts";
import { isOperation, namedFields } from "./named-fields.ts";

/**
 * A JSON object a line, as structured loggers write them, or such lines as the elements of an array:
 *
 *     {"tid":2235,"ts":1796060041132888,"op":"malloc","size":288,"ptr":"0x55db0c0a22a0"}
 *     {"func":"realloc","args":["0x55db0c0a22a0",576],"ret":"0x55db0c0a22a0"}
 *
 * Keys are recognised by name (field-names.ts), in any order; others are ignored.
 */
export const JSON_LINES: LogFormat = {
  name: "json-lines",
  origin: "hooks that write a JSON object a line",
  addresses: "glibc",
  remarks: [],
  recognises: (lines) => {
    const calls = lines.filter((line) => {
      const fields = fieldsOf(line);
      return fields !== null && isCall(fields);
    });
    return calls.length > 0 && calls.length * 2 >= lines.length;
  },
  open: (calls, lines) => new JsonLinesReader(calls, lines),
};

class JsonLinesReader implements LineReader {
  readonly #records: FieldRecords;

  constructor(calls: CallWriter, lines: readonly string[]) {
    const records = lines.map(fieldsOf).filter((one) => one !== null);
    const name = lines
      .map(objectOf)
      .flatMap((one) => Object.keys(one ?? {}))
      .find((key) => roleOfName(key) === "time");
    this.#records = new FieldRecords(calls, formsOf(records, decimalsOfName(name ?? "")));
  }

  read(line: string): LineKind {
    const fields = fieldsOf(line);
    if (fields === null) {
      return /^[\s[\],]*$/.test(line) ? LineKind.other : LineKind.malformed;
    }
    if (!isCall(fields)) {
      return LineKind.other;
    }
    return this.#records.write(fields) ? LineKind.call : LineKind.malformed;
  }
}

function isCall(fields: Fields): boolean {
  return isOperation(fields.get("op") ?? "");
}

function fieldsOf(line: string): Fields | null {
  const object = objectOf(line);
  return object === null
    ? null
    : namedFields(Object.entries(object).map(([key, value]) => [key, textOf(value)] as const));
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map(textOf).join(",");
  }
  if (value === null) {
    return "0";
  }
  return typeof value === "string" || typeof value === "number" ? `${value}` : "";
}

/** The object of a line, perhaps an element of an array; null: there is none. */
function objectOf(line: string): object | null {
  const text = line
    .trim()
    .replace(/^\[\s*(?=\{)/, "")
    .replace(/(?<=\})[\s,\]]{1,8}$/, "");
  if (!text.startsWith("{")) {
    return null;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
