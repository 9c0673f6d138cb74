import { Op } from "../../../trace/event.ts";
import { type MarkLabels, noteLabel } from "../../../trace/mark-labels.ts";
import type { CallLine } from "../native/call-line.ts";
import { isBlank, NativeCursor } from "../native/cursor.ts";
import type { Layout } from "../native/layout.ts";
import type { NamedCallers } from "../native/named-callers.ts";
import { ThreadHandles } from "../native/thread-handles.ts";
import { byteTable } from "./bytes.ts";
import { CallReader } from "./call-reader.ts";
import { readClock } from "./field-time.ts";
import { FieldKind, Fields } from "./fields.ts";
import { type FieldPlaces, LineVariants } from "./line-variants.ts";
import { ThreadNames } from "./thread-names.ts";

/** Highest thread id that a batch of events can hold. */
const MAX_TID = 2 ** 31 - 1;

/**
 * Parser of a line that has a call anywhere, with the columns of a `Layout` before and behind it. A line without one of its
 * ids, or with a time that cannot be read, does not match.
 */
export class ShapedLine implements CallLine {
  pid = 0;
  op: Op = Op.malloc;
  tid = 0;
  time = Number.NaN;
  caller = 0;
  size = 0;
  align = 0;
  pointerIn = 0;
  pointerOut = 0;
  newThread: string | null = null;
  comment = -1;

  readonly #layout: Layout;
  readonly #callers: NamedCallers;
  readonly #labels: MarkLabels;
  readonly #fields = new Fields();
  readonly #tail = new Fields();
  readonly #variants: LineVariants;
  readonly #readsTail: boolean;
  readonly #tailPlaces: FieldPlaces;
  readonly #cursor: NativeCursor;
  readonly #call = new CallReader();
  readonly #handles = new ThreadHandles();
  readonly #names = new ThreadNames();
  readonly #bases: { readonly pid: 10 | 16; readonly tid: 10 | 16 };

  /** `callers`: those that lines give as text; `labels`: those of marks */
  constructor(layout: Layout, callers: NamedCallers, labels: MarkLabels) {
    const columns = layout.columns ?? [];
    const all = [...columns, ...layout.after];
    this.#layout = layout;
    this.#callers = callers;
    this.#labels = labels;
    this.#cursor = new NativeCursor(layout.pointerBase);
    this.#variants = new LineVariants(columns);
    this.#readsTail = layout.after.some(({ role }) => role !== "other");
    this.#tailPlaces = placesByOrder(layout.after);
    const baseOf = (role: string): 10 | 16 => all.find((one) => one.role === role)?.base ?? 10;
    this.#bases = { pid: baseOf("pid"), tid: baseOf("tid") };
  }

  parse(bytes: Buffer, start: number, end: number): boolean {
    this.comment = -1;
    this.newThread = null;
    if (!this.#readLine(bytes, start, end)) {
      this.#findComment();
      return false;
    }
    this.op = this.#call.op;
    this.size = this.#call.size;
    this.align = this.#call.align;
    this.pointerIn = this.#call.pointerIn;
    this.pointerOut = this.#call.pointerOut;
    if (this.op === Op.mark) {
      const { labelStart, labelEnd } = this.#call;
      this.align = noteLabel(this.#labels, bytes.subarray(labelStart, labelEnd));
    }
    if (this.#layout.threads === "none") {
      // The only number of a line's process tells its lines apart.
      this.tid = this.pid;
    }
    return true;
  }

  #readLine(bytes: Buffer, start: number, end: number): boolean {
    const fields = this.#fields;
    if (!fields.readToCall(bytes, start, end) || fields.call === null) {
      return false;
    }
    const places = this.#variants.find(fields);
    if (places === null || bytes[firstOf(bytes, start)] === HASH) {
      return false;
    }
    this.pid = 0;
    this.tid = 0;
    this.time = Number.NaN;
    this.caller = 0;
    const cursor = this.#cursor;
    cursor.start(bytes, start, end);
    return (
      this.#readFields(fields, places) && this.#call.read(cursor, fields.call) && this.#readTail()
    );
  }

  /** What stands before the calls of a log also stands before its comments. */
  #findComment(): void {
    const { comment, fieldsBeforeComment } = this.#fields;
    if (comment >= 0 && this.#variants.begins(this.#fields, fieldsBeforeComment)) {
      this.comment = comment;
    }
  }

  #readFields(fields: Fields, { pid, tid, pidTid, time, caller }: FieldPlaces): boolean {
    return (
      (pid < 0 || this.#readPid(fields, pid)) &&
      (tid < 0 || this.#readTid(fields, tid)) &&
      (pidTid < 0 || this.#readPidTid(fields, pidTid)) &&
      (time < 0 || this.#readTime(fields, time)) &&
      (caller < 0 || this.#readCaller(fields, caller))
    );
  }

  #readPid(fields: Fields, at: number): boolean {
    if (!this.#readNumber(fields, at, this.#bases.pid)) {
      return false;
    }
    this.pid = this.#cursor.value;
    return true;
  }

  #readTid(fields: Fields, at: number): boolean {
    const { threads } = this.#layout;
    if (threads === "names") {
      const { bytes } = this.#cursor;
      const name = bytes.toString("utf8", fields.starts[at]!, fields.ends[at]!);
      this.tid = this.#names.numberOf(name);
      this.newThread = this.#names.latest;
      return true;
    }
    if (!this.#readNumber(fields, at, this.#bases.tid)) {
      return false;
    }
    const { value } = this.#cursor;
    this.tid = threads === "handles" ? this.#handles.numberOf(value) : value;
    return this.tid <= MAX_TID;
  }

  #readPidTid(fields: Fields, at: number): boolean {
    const cursor = this.#cursor;
    cursor.at = fields.starts[at]!;
    if (!cursor.decimal(10)) {
      return false;
    }
    this.pid = cursor.value;
    if (!cursor.skip(DOT) || !cursor.decimal(10)) {
      return false;
    }
    this.tid = cursor.value;
    return this.tid <= MAX_TID && cursor.at === fields.ends[at];
  }

  #readTime(fields: Fields, at: number): boolean {
    const cursor = this.#cursor;
    cursor.at = fields.starts[at]!;
    if (fields.kinds[at] === FieldKind.clock) {
      cursor.at = fields.clocks[at]!;
      if (!readClock(cursor)) {
        return false;
      }
    } else if (!cursor.time(this.#layout.timeDecimals) || cursor.at !== fields.ends[at]) {
      return false;
    }
    this.time = cursor.value;
    return true;
  }

  #readCaller(fields: Fields, at: number): boolean {
    const cursor = this.#cursor;
    const [start, end] = [fields.starts[at]!, fields.ends[at]!];
    const kind = fields.kinds[at];
    if (kind === FieldKind.number || kind === FieldKind.hex) {
      cursor.at = start;
      const isRead = cursor.isHexPrefix() ? cursor.pointer() : readPlain(cursor);
      this.caller = cursor.value;
      return isRead && cursor.at === end;
    }
    this.caller = this.#callers.find(cursor.bytes, start, end);
    return true;
  }

  #readNumber(fields: Fields, at: number, base: 10 | 16): boolean {
    const cursor = this.#cursor;
    cursor.at = fields.starts[at]!;
    if (cursor.isHexPrefix()) {
      cursor.at += 2;
      return cursor.hexadecimal() && cursor.at === fields.ends[at];
    }
    const isRead = base === 16 ? cursor.hexadecimal() : cursor.decimal(20);
    return isRead && cursor.at === fields.ends[at];
  }

  /** What stands behind the result: nothing but closing punctuation, or what the layout has there. */
  #readTail(): boolean {
    const cursor = this.#cursor;
    const { bytes, end } = cursor;
    const begin = cursor.at;
    while (CLOSERS[cursor.peek()] === 1) {
      cursor.at++;
    }
    if (cursor.at === end) {
      return true;
    }
    const isApart = cursor.at > begin || isBlank(bytes[begin - 1]!) || OPENERS[cursor.peek()] === 1;
    if (!this.#layout.hasTail || !isApart) {
      return false;
    }
    if (this.#readsTail) {
      this.#tail.readAll(bytes, begin, end);
      return this.#readTailFields();
    }
    return true;
  }

  /** Ids must be there, as before the call. */
  #readTailFields(): boolean {
    const { count } = this.#tail;
    const { pid, tid, pidTid, time, caller, columns } = this.#tailPlaces;
    return (
      Math.max(pid, tid, pidTid) < count &&
      this.#readFields(this.#tail, {
        pid,
        tid,
        pidTid,
        time: time < count ? time : -1,
        caller: caller < count ? caller : -1,
        columns,
      })
    );
  }
}

function firstOf(bytes: Buffer, start: number): number {
  let at = start;
  while (isBlank(bytes[at]!)) {
    at++;
  }
  return at;
}

/** Hexadecimal digits without 0x, or nil. */
function readPlain(cursor: NativeCursor): boolean {
  return cursor.hexadecimal() || cursor.pointer();
}

function placesByOrder(columns: Layout["after"]): FieldPlaces {
  const at = (role: string): number => columns.findIndex((column) => column.role === role);
  return {
    pid: at("pid"),
    tid: at("tid"),
    pidTid: at("pid.tid"),
    time: at("time"),
    caller: at("caller"),
    columns: Int8Array.from(columns, (_, i) => i),
  };
}

const CLOSERS = byteTable(" \t.,;:|)]}>\"'`");
const OPENERS = byteTable("([{<\"'`#");
const HASH = 0x23;
const DOT = 0x2e;
