import { PROGRAM_CALLS } from "../../trace/processes/program-calls.ts";
import type { EventSink } from "../../trace/sink.ts";
import { type BlockScanner, MAX_LINE_BYTES } from "../blocks-of-lines.ts";
import { type Diagnostics, NOTHING_TOLD } from "../diagnostics.ts";
import { CallWriter } from "./call-writer.ts";
import { LineKind, type LineReader, type LogFormat } from "./log-format.ts";

/** Reads blocks of lines of a foreign format, line by line. Blank lines and `#` comments are the same in all of them. */
export class LineScanner implements BlockScanner {
  readonly #diagnostics: Diagnostics;
  readonly #maxLineBytes: number;
  readonly #calls: CallWriter;
  readonly #reader: LineReader;

  /** `head`: the first lines, without blank ones */
  constructor(
    sink: EventSink,
    diagnostics: Diagnostics,
    format: LogFormat,
    head: readonly string[],
    maxLineBytes = MAX_LINE_BYTES,
  ) {
    const { name, addresses, remarks } = format;
    this.#diagnostics = diagnostics;
    this.#maxLineBytes = maxLineBytes;
    diagnostics.format = {
      name,
      addresses: "glibc",
      remarks: [...remarks],
      tells: { ...NOTHING_TOLD },
    };
    this.#calls = new CallWriter(sink, diagnostics);
    this.#calls.line = diagnostics.lines.total;
    this.#calls.note(PROGRAM_CALLS);
    if (addresses !== "glibc") {
      this.#calls.addressesAre(addresses);
    }
    this.#reader = format.open(this.#calls, head);
  }

  scan(bytes: Buffer, length: number): void {
    for (let at = 0; at < length; ) {
      const newline = bytes.indexOf(NEWLINE, at);
      this.#line(bytes, at, newline);
      at = newline + 1;
    }
  }

  /** Nothing is held back. */
  decide(): void {}

  overlongLine(bytes: Buffer, length: number): void {
    this.#malformed("overlong", bytes, 0, length);
  }

  cutLine(bytes: Buffer, length: number): void {
    this.#malformed("unparsable", bytes, 0, length);
  }

  #line(bytes: Buffer, start: number, end: number): void {
    const { lines } = this.#diagnostics;
    const text = end - start > this.#maxLineBytes ? null : lineOf(bytes, start, end);
    if (text === null) {
      this.#malformed("overlong", bytes, start, end);
    } else if (text.startsWith("#")) {
      this.#count();
      lines.comments++;
      this.#calls.note(text.slice(1).trim());
    } else if (/^[ \t]*$/.test(text)) {
      this.#count();
      lines.blank++;
    } else {
      // Before the call is written: a full batch is sent with the counts of the lines in it.
      this.#calls.line = lines.total + 1;
      const kind = this.#reader.read(text);
      if (kind === LineKind.malformed) {
        this.#malformed("unparsable", bytes, start, end);
      } else {
        this.#count();
        lines[kind === LineKind.call ? "parsed" : "comments"]++;
      }
    }
  }

  #count(): void {
    this.#diagnostics.lines.total++;
    this.#calls.line = this.#diagnostics.lines.total;
  }

  #malformed(kind: "unparsable" | "overlong", bytes: Buffer, start: number, end: number): void {
    this.#count();
    this.#diagnostics.malformed(this.#diagnostics.lines.total, kind, bytes, start, end);
  }
}

function lineOf(bytes: Buffer, start: number, end: number): string {
  const endOfText = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
  return bytes.toString("utf8", start, endOfText);
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
