import { isDigit, type NativeCursor } from "../native/cursor.ts";
import type { Layout } from "../native/layout.ts";
import type { NamedCallers } from "../native/named-callers.ts";
import { ThreadHandles } from "../native/thread-handles.ts";
import { readClock } from "./field-time.ts";
import { FieldKind } from "./fields.ts";
import { ThreadNames } from "./thread-names.ts";

/** Highest thread id that a batch of events can hold. */
const MAX_TID = 2 ** 31 - 1;

/** Reads what the fields of a line say: each method a field of the cursor's bytes, of which it must be the whole. */
export class FieldValues {
  /** 0: none */
  pid = 0;
  tid = 0;
  /** µs; NaN: none */
  time = Number.NaN;
  /** as in an event; 0: none */
  caller = 0;
  /** the thread's name, where it appears first */
  newThread: string | null = null;

  readonly #cursor: NativeCursor;
  readonly #layout: Layout;
  readonly #callers: NamedCallers;
  readonly #handles = new ThreadHandles();
  readonly #names = new ThreadNames();
  readonly #pidBase: 10 | 16;
  readonly #tidBase: 10 | 16;

  constructor(cursor: NativeCursor, layout: Layout, callers: NamedCallers) {
    this.#cursor = cursor;
    this.#layout = layout;
    this.#callers = callers;
    const columns = [...(layout.columns ?? []), ...layout.after];
    this.#pidBase = columns.find(({ role }) => role === "pid")?.base ?? 10;
    this.#tidBase = columns.find(({ role }) => role === "tid")?.base ?? 10;
  }

  /** The thread; where the log has no threads, the process, which tells its lines apart. */
  get thread(): number {
    return this.#layout.threads === "none" ? this.pid : this.tid;
  }

  /** Another line follows. */
  clear(): void {
    this.pid = 0;
    this.tid = 0;
    this.time = Number.NaN;
    this.caller = 0;
    this.newThread = null;
  }

  readPid(start: number, end: number): boolean {
    const isRead = this.#number(start, end, this.#pidBase);
    this.pid = this.#cursor.value;
    return isRead;
  }

  readTid(start: number, end: number): boolean {
    const { threads } = this.#layout;
    if (threads === "names") {
      this.tid = this.#names.numberOf(this.#cursor.bytes.toString("utf8", start, end));
      this.newThread = this.#names.latest;
      return true;
    }
    if (!this.#number(start, end, this.#tidBase)) {
      return false;
    }
    const { value } = this.#cursor;
    this.tid = threads === "handles" ? this.#handles.numberOf(value) : value;
    return this.tid <= MAX_TID;
  }

  readPidTid(start: number, end: number): boolean {
    const cursor = this.#cursor;
    cursor.at = start;
    if (!cursor.decimal(10)) {
      return false;
    }
    this.pid = cursor.value;
    if (!cursor.skip(DOT) || !cursor.decimal(10)) {
      return false;
    }
    this.tid = cursor.value;
    return this.tid <= MAX_TID && cursor.at === end;
  }

  /** A number in the log's unit. */
  readTime(start: number, end: number): boolean {
    const cursor = this.#cursor;
    cursor.at = start;
    if (!isDigit(cursor.peek()) || !cursor.time(this.#layout.timeDecimals) || cursor.at !== end) {
      return false;
    }
    this.time = cursor.value;
    return true;
  }

  /** A clock; a zone may follow. */
  readClock(start: number): boolean {
    const cursor = this.#cursor;
    cursor.at = start;
    if (!readClock(cursor)) {
      return false;
    }
    this.time = cursor.value;
    return true;
  }

  readCaller(start: number, end: number, kind: number): boolean {
    const cursor = this.#cursor;
    if (kind === FieldKind.number || kind === FieldKind.hex) {
      cursor.at = start;
      const isRead = cursor.isHexPrefix()
        ? cursor.pointer()
        : cursor.hexadecimal() || cursor.pointer();
      this.caller = cursor.value;
      return isRead && cursor.at === end;
    }
    this.caller = this.#callers.find(cursor.bytes, start, end);
    return true;
  }

  #number(start: number, end: number, base: 10 | 16): boolean {
    const cursor = this.#cursor;
    cursor.at = start;
    if (cursor.isHexPrefix()) {
      cursor.at += 2;
      return cursor.hexadecimal() && cursor.at === end;
    }
    return (base === 16 ? cursor.hexadecimal() : cursor.decimal(20)) && cursor.at === end;
  }
}

const DOT = 0x2e;
