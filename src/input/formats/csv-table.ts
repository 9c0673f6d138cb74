import type { CallWriter } from "./call-writer.ts";
import { guessedRoles } from "./column-guess.ts";
import { decimalsOfName, type FieldRole, roleOfName } from "./field-names.ts";
import { FieldRecords, type Fields, formsOf } from "./field-record.ts";
import { LineKind, type LineReader, type LogFormat } from "./log-format.ts";
import { callNamed } from "./named-call.ts";
import { opNamed } from "./record-ops.ts";

/**
 * Values between commas, tabs, semicolons or bars, a call a line, with or without a line of names above them:
 *
 *     ts_ns,event,ptr,size,tid                              MemFragX
 *     1796060026445713000,ALLOC,0x564d245422a0,288,1836
 *     1796060026445719000,FREE,0x564d245422a0,,1836
 *
 * Names are recognised by field-names.ts. Without them, the columns are told by how their values behave
 * (column-guess.ts).
 */
export const CSV: LogFormat = {
  name: "csv",
  origin: "CSV and TSV with or without a header: MemFragX, spreadsheets, databases",
  addresses: "glibc",
  remarks: [],
  recognises: (lines) => tableOf(lines.slice(0, SAMPLED_LINES)) !== null,
  open: (calls, lines) => new CsvReader(calls, lines),
};

const DELIMITERS: readonly string[] = [",", "\t", ";", "|"];

/** Enough lines to recognise a table by; more show what its columns are. */
const SAMPLED_LINES = 100;

/** Columns of a table; a longer line is not one's. */
const MOST_COLUMNS = 64;

interface Table {
  readonly delimiter: string;
  /** the names; null: there are none */
  readonly header: readonly string[] | null;
  readonly roles: readonly FieldRole[];
}

/** The table that the lines are; null: none. */
function tableOf(lines: readonly string[]): Table | null {
  const [first = "", ...rest] = lines;
  for (const delimiter of DELIMITERS.filter((one) => first.includes(one))) {
    const names = cellsOf(first, delimiter);
    const roles = names.map((name) => roleOfName(name.replace(/^#\s*/, "")));
    const hasHeader =
      roles.includes("op") && roles.some((role) => role === "pointer" || role === "result");
    const cells = (hasHeader ? rest : lines).map((line) => cellsOf(line, delimiter));
    const found = hasHeader ? roles : guessedRoles(cells);
    const at = found?.indexOf("op") ?? -1;
    const calls = cells.filter((one) => isOp(one[at] ?? ""));
    if (
      found !== null &&
      names.length > 1 &&
      calls.length * 2 >= cells.length &&
      (calls.length > 0 || hasHeader)
    ) {
      return { delimiter, header: hasHeader ? names : null, roles: found };
    }
  }
  return null;
}

function isOp(text: string): boolean {
  return opNamed(text) !== null || callNamed(text) !== null;
}

/** The cells of a line, trimmed, without quotes around them. */
function cellsOf(line: string, delimiter: string): readonly string[] {
  const cells = line.split(delimiter, MOST_COLUMNS);
  return (line.includes('"') ? rejoined(cells, delimiter) : cells).map((cell) => cell.trim());
}

/** Cells in quotes may have the delimiter, and quotes written twice. */
function rejoined(parts: readonly string[], delimiter: string): string[] {
  const cells: string[] = [];
  let open = "";
  for (const part of parts) {
    const text = open === "" ? part.trimStart() : `${open}${delimiter}${part}`;
    const isOpen = text.startsWith('"') && (text.match(/"/g) ?? []).length % 2 === 1;
    open = isOpen ? text : "";
    if (!isOpen) {
      cells.push(
        text
          .trim()
          .replace(/^"(.*)"$/, "$1")
          .replaceAll('""', '"'),
      );
    }
  }
  return open === "" ? cells : [...cells, open];
}

class CsvReader implements LineReader {
  readonly #table: Table;
  readonly #records: FieldRecords;

  constructor(calls: CallWriter, lines: readonly string[]) {
    this.#table = tableOf(lines) ?? { delimiter: ",", header: null, roles: [] };
    const { header, roles } = this.#table;
    const time = header?.[roles.indexOf("time")] ?? "";
    const records = lines.map((line) => this.#fieldsOf(line));
    this.#records = new FieldRecords(calls, formsOf(records, decimalsOfName(time)));
    if (header === null) {
      calls.remark(`columns, by their values: ${roles.join(", ")}`);
    }
  }

  read(line: string): LineKind {
    const fields = this.#fieldsOf(line);
    const name = fields.get("op") ?? "";
    if (!isOp(name)) {
      return roleOfName(name) === "op" ? LineKind.other : LineKind.malformed;
    }
    return this.#records.write(fields) ? LineKind.call : LineKind.malformed;
  }

  #fieldsOf(line: string): Fields {
    const { delimiter, roles } = this.#table;
    const fields = new Map<FieldRole, string>();
    for (const [n, text] of cellsOf(line, delimiter).entries()) {
      const role = roles[n] ?? "other";
      if (text !== "" && !fields.has(role)) {
        fields.set(role, text);
      }
    }
    return fields;
  }
}
