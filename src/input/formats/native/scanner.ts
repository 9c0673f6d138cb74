import { EVENTS_PER_BATCH } from "../../../trace/columns.ts";
import type { EventSink } from "../../../trace/sink.ts";
import { type BlockScanner, MAX_LINE_BYTES } from "../../blocks-of-lines.ts";
import type { Diagnostics } from "../../diagnostics.ts";
import type { CallLine } from "./call-line.ts";
import { type CommonLines, newCommonLines } from "./common-lines.ts";
import { NATIVE_LAYOUT } from "./layout.ts";
import { NativeLine } from "./line.ts";
import { NamedCallers } from "./named-callers.ts";

/**
 * Scans blocks of native lines from bytes directly into event columns. Hot: a line that parses allocates nothing. Nearly
 * all lines of a real log have one common form, which `CommonLines` reads. Any difference, even a blank, is left to a
 * `CallLine`: `NativeLine`, which has the whole grammar, or the reader of another layout, which then says what form its lines
 * have. Only a line that it rejects is checked for a comment or a blank line.
 */
export class NativeScanner implements BlockScanner {
  readonly #sink: EventSink;
  readonly #diagnostics: Diagnostics;
  readonly #maxLineBytes: number;
  readonly #line: CallLine;
  /** lines before the current one */
  #linesBefore: number;
  /** the process of each thread, where the lines state it */
  readonly #owners = new Map<number, number>();
  /** events not yet counted in the diagnostics */
  #parsed = 0;
  /** bytes of the blocks so far */
  #bytes = 0;
  /** false: common lines are read as all others are, too */
  #mayHaveModule = true;
  /** null while these are few */
  #common: CommonLines | null = null;

  /** `line`: reads the lines that are not of the common form */
  constructor(
    sink: EventSink,
    diagnostics: Diagnostics,
    maxLineBytes = MAX_LINE_BYTES,
    line: CallLine = nativeLine(diagnostics),
  ) {
    this.#sink = sink;
    this.#diagnostics = diagnostics;
    this.#maxLineBytes = maxLineBytes;
    this.#line = line;
    this.#linesBefore = diagnostics.lines.total;
  }

  scan(bytes: Buffer, length: number): void {
    this.#bytes += length;
    this.#common?.restart();
    let at = 0;
    while (at < length) {
      // Before the line, so that the batch has a free row for it.
      if (this.#sink.batch.length === EVENTS_PER_BATCH) {
        this.#advance();
      }
      const next = this.#readCommon(bytes, at, length);
      if (next > at) {
        at = next;
        continue;
      }
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0) {
        throw new RangeError("the last line has no newline");
      }
      this.#anyLine(bytes, at, newline);
      this.#linesBefore++;
      at = newline + 1;
    }
    this.#count();
  }

  /** Reads lines with a common call from `at` on. Returns the index behind them: `at` if there are none. */
  #readCommon(bytes: Buffer, at: number, length: number): number {
    const { form } = this.#line;
    const common = form === null ? null : this.#commonLines();
    if (form === null || common === null || !common.use(form)) {
      return at;
    }
    const { batch } = this.#sink;
    const before = batch.length;
    const room = EVENTS_PER_BATCH - before;
    const next = common.read(bytes, at, length, batch, room, this.#linesBefore + 1);
    const rows = batch.length - before;
    if (form.hasPid) {
      this.#noteOwners(common, before, rows);
    }
    this.#line.countMatches(rows);
    this.#parsed += rows;
    this.#linesBefore += rows;
    return next;
  }

  #noteOwners(common: CommonLines, before: number, rows: number): void {
    const { batch } = this.#sink;
    for (let row = 0; row < rows; row++) {
      const pid = common.pidOf(row);
      const tid = batch.tid[before + row]!;
      if (pid !== 0 && this.#owners.get(tid) !== pid) {
        this.#owners.set(tid, pid);
        const line = this.#linesBefore + 1 + row;
        batch.notes.push({ at: before + row, line, text: `owner ${tid} ${pid}` });
      }
    }
  }

  /** Returns null while the bytes are few, and where there is no module. */
  #commonLines(): CommonLines | null {
    if (this.#common === null && this.#mayHaveModule && this.#bytes >= FEW_BYTES) {
      this.#common = newCommonLines();
      this.#mayHaveModule = this.#common !== null;
    }
    return this.#common;
  }

  /** The batch is full: the diagnostics are those of its lines. */
  #advance(): void {
    this.#count();
    this.#sink.advance();
  }

  #count(): void {
    const { lines } = this.#diagnostics;
    lines.parsed += this.#parsed;
    this.#parsed = 0;
    lines.total = this.#linesBefore;
  }

  /** Nothing is held back. */
  decide(): void {}

  overlongLine(bytes: Buffer, length: number): void {
    this.#linesBefore++;
    this.#count();
    this.#diagnostics.malformed(this.#linesBefore, "overlong", bytes, 0, length);
  }

  cutLine(bytes: Buffer, length: number): void {
    this.#linesBefore++;
    this.#count();
    this.#diagnostics.malformed(this.#linesBefore, "unparsable", bytes, 0, length);
  }

  /** Reads any line; `bytes[end]` is its newline. */
  #anyLine(bytes: Buffer, start: number, end: number): void {
    const number = this.#linesBefore + 1;
    if (end - start > this.#maxLineBytes) {
      this.#diagnostics.malformed(number, "overlong", bytes, start, end);
      return;
    }
    const endOfText = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (this.#line.parse(bytes, start, endOfText)) {
      this.#push(number);
      this.#parsed++;
      return;
    }
    let first = start;
    while (bytes[first] === SPACE || bytes[first] === TAB) {
      first++;
    }
    if (first === endOfText) {
      this.#diagnostics.lines.blank++;
    } else if (bytes[first] === HASH) {
      this.#note(number, bytes.toString("utf8", first + 1, endOfText).trim());
    } else if (this.#line.comment >= 0) {
      this.#note(number, bytes.toString("utf8", this.#line.comment + 1, endOfText).trim());
    } else {
      this.#diagnostics.malformed(number, "unparsable", bytes, start, endOfText);
    }
  }

  #push(number: number): void {
    const line = this.#line;
    if (line.pid !== 0 && this.#owners.get(line.tid) !== line.pid) {
      this.#owners.set(line.tid, line.pid);
      this.#addNote(number, `owner ${line.tid} ${line.pid}`);
    }
    if (line.newThread !== null) {
      this.#addNote(number, `thread ${line.tid} ${line.newThread}`);
    }
    const batch = this.#sink.batch;
    const index = batch.length;
    batch.op[index] = line.op;
    batch.tid[index] = line.tid;
    batch.time[index] = line.time;
    batch.caller[index] = line.caller;
    batch.size[index] = line.size;
    batch.align[index] = line.align;
    batch.pointerIn[index] = line.pointerIn;
    batch.pointerOut[index] = line.pointerOut;
    batch.line[index] = number;
    batch.length = index + 1;
  }

  #note(line: number, text: string): void {
    this.#diagnostics.lines.comments++;
    this.#addNote(line, text);
  }

  #addNote(line: number, text: string): void {
    if (this.#sink.batch.notes.length === EVENTS_PER_BATCH) {
      // Bounds the comments of a batch, where millions follow each other without an event.
      this.#advance();
    }
    const { batch } = this.#sink;
    batch.notes.push({ at: batch.length, line, text });
  }
}

/** The reader of the lines of a log in the native format, or one with other units and bases. */
export function nativeLine(
  { callerNames, markLabels }: Diagnostics,
  layout = NATIVE_LAYOUT,
): NativeLine {
  return new NativeLine(layout, new NamedCallers(callerNames), markLabels);
}

/** So few bytes have been read before the module for common lines is loaded. */
const FEW_BYTES = 32 * 1024;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const HASH = 0x23;
