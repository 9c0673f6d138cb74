import { Op } from "../../trace/event.ts";
import type { CallWriter } from "./call-writer.ts";
import { type RecordPlace, TextColumns } from "./columns/text-columns.ts";
import { decimalsOfName, roleOfName } from "./field-names.ts";
import { FieldRecords, type Fields, formsOf } from "./field-record.ts";
import { LineKind, type LineReader, type LogFormat } from "./log-format.ts";
import { isOperation, namedFields } from "./named-fields.ts";
import { opNamed } from "./record-ops.ts";

/**
 * Names and values in any order, as structured loggers write them for people (logfmt), with or without other text before them:
 *
 *     op=malloc tid=12 size=100 ptr=0x5581000002a0
 *     2026-11-30T07:05:43Z level=info msg="block" event=free addr=0x5581000002a0
 *     tid: 12, realloc, old: 0x5581000002a0, size: 200, ptr: 0x558100000310
 *
 * Names are recognised by field-names.ts; others are ignored. The operation may stand among them without a name.
 */
export const LOGFMT: LogFormat = {
  name: "logfmt",
  origin: "structured loggers: names and values with = or : between them",
  addresses: "glibc",
  remarks: [],
  recognises: (lines) => {
    const records = lines.filter((line) => {
      const record = recordOf(line);
      return record !== null && HAS_BLOCK.some((role) => record.fields.has(role));
    });
    return records.length > 0 && records.length * 2 >= lines.length;
  },
  open: (calls, lines) => new LogfmtReader(calls, lines),
};

const HAS_BLOCK = ["pointer", "result", "arguments"] as const;

const VALUE = String.raw`("(?:[^"\\]|\\.)*"|[^\s,;|"]+)`;
const WITH_EQUALS = new RegExp(String.raw`(?<![\w.])([A-Za-z_][\w.-]{0,40}) ?= ?${VALUE}`, "g");
const WITH_COLON = new RegExp(String.raw`(?<![\w.])([A-Za-z_][\w.-]{0,40}) ?: ?${VALUE}`, "g");

/** A word that is no function with arguments. */
const WORD = /[A-Za-z_]\w*(?![\w(])/g;

interface Named {
  readonly fields: Fields;
  /** of a time */
  readonly timeName: string;
  /** what stands before the names */
  readonly before: string;
}

/** Null: the line is none. */
function recordOf(line: string): Named | null {
  const equals = [...line.matchAll(WITH_EQUALS)];
  const colons = equals.length > 1 ? [] : [...line.matchAll(WITH_COLON)];
  const pairs = colons.length > 1 || equals.length === 0 ? colons : equals;
  const [first] = pairs;
  if (first === undefined) {
    return null;
  }
  const named = pairs.map(([, name = "", text = ""]) => [name, unquoted(text)] as const);
  const [timeName = ""] = named.find(([name]) => roleOfName(name) === "time") ?? [];
  const fields = namedFields(named);
  const before = line.slice(0, first.index);
  if (fields.has("op") && pairs.length > 1) {
    return { fields, timeName, before };
  }
  const op = operationAmong(line, pairs);
  // All but a free have a size beside their block.
  return op === null || (pairs.length < 2 && opNamed(op) !== Op.free)
    ? null
    : { fields: new Map([...fields, ["op", op]]), timeName, before };
}

/** The first operation that stands between names and values. */
function operationAmong(line: string, pairs: readonly RegExpExecArray[]): string | null {
  let from = 0;
  const between = pairs.map(({ index, 0: text }) => {
    const part = line.slice(from, index);
    from = index + text.length;
    return part;
  });
  const rest = [...between, line.slice(from)].join(" ");
  return (rest.match(WORD) ?? []).find((word) => word.length > 1 && isOperation(word)) ?? null;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text;
}

class LogfmtReader implements LineReader {
  readonly #calls: CallWriter;
  readonly #columns: TextColumns;
  readonly #records: FieldRecords;

  constructor(calls: CallWriter, lines: readonly string[]) {
    const records = lines.map(recordOf).filter((one) => one !== null);
    const timeName = records.find((one) => one.timeName !== "")?.timeName ?? "";
    this.#calls = calls;
    this.#columns = new TextColumns(records.map(({ before }) => before));
    this.#records = new FieldRecords(
      calls,
      formsOf(
        records.map(({ fields }) => fields),
        decimalsOfName(timeName),
      ),
    );
  }

  read(line: string): LineKind {
    const record = recordOf(line);
    if (record === null) {
      return LineKind.malformed;
    }
    const place: RecordPlace = this.#columns.read(record.before);
    const { newThread } = this.#columns;
    if (newThread !== null) {
      this.#calls.note(`thread ${place.tid} ${newThread}`);
    }
    return this.#records.write(record.fields, place) ? LineKind.call : LineKind.malformed;
  }
}
