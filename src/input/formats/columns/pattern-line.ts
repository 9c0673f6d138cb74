import { Op } from "../../../trace/event.ts";
import { CallLine } from "../native/call-line.ts";
import { NativeCursor } from "../native/cursor.ts";
import type { Layout } from "../native/layout.ts";
import type { NamedCallers } from "../native/named-callers.ts";
import { CallReader } from "./call-reader.ts";
import { callAt, callNamed } from "./call-start.ts";
import { clockStart } from "./field-time.ts";
import { FieldValues } from "./field-values.ts";
import { FieldKind } from "./fields.ts";
import { type PatternGroup, patternOf } from "./given-pattern.ts";

/** A pattern names the result itself. */
const NO_RESULT_BEFORE = { resultStart: 0, resultEnd: 0 };

type Place = readonly [start: number, end: number];

/**
 * Parser of a line by the user's regular expression, whose groups are the parts of a call. The group `call` has its name, or
 * the whole call with its arguments and result.
 */
export class PatternLine extends CallLine {
  readonly #pattern: RegExp;
  readonly #cursor: NativeCursor;
  readonly #values: FieldValues;
  readonly #call = new CallReader();
  #places: Readonly<Record<string, Place | undefined>> = {};
  #start = 0;

  constructor(pattern: string, layout: Layout, callers: NamedCallers) {
    super();
    this.#pattern = patternOf(pattern);
    this.#cursor = new NativeCursor(layout.pointerBase);
    this.#values = new FieldValues(this.#cursor, layout, callers);
  }

  parse(bytes: Buffer, start: number, end: number): boolean {
    const match = this.#pattern.exec(bytes.toString("latin1", start, end));
    const places = match?.indices?.groups;
    if (places === undefined) {
      return false;
    }
    this.#places = places;
    this.#start = start;
    this.#cursor.start(bytes, start, end);
    this.#values.clear();
    if (!this.#readFields() || !this.#readCall(bytes, end)) {
      return false;
    }
    this.pid = this.#values.pid;
    this.tid = this.#values.thread;
    this.time = this.#values.time;
    this.caller = this.#values.caller;
    this.newThread = this.#values.newThread;
    return true;
  }

  /** The place of a group in the bytes; null: it did not take part. */
  #placeOf(group: PatternGroup): Place | null {
    const place = this.#places[group];
    return place === undefined ? null : [this.#start + place[0], this.#start + place[1]];
  }

  #readFields(): boolean {
    const [pid, tid, time, caller] = (["pid", "tid", "time", "caller"] as const).map((group) =>
      this.#placeOf(group),
    );
    const values = this.#values;
    return (
      (!pid || values.readPid(...pid)) &&
      (!tid || values.readTid(...tid)) &&
      (!time || this.#readTime(...time)) &&
      (!caller || values.readCaller(...caller, this.#callerKind(...caller)))
    );
  }

  #readTime(start: number, end: number): boolean {
    const clock = clockStart(this.#cursor.bytes, start);
    return clock >= 0 && clock < end
      ? this.#values.readClock(clock)
      : this.#values.readTime(start, end);
  }

  #callerKind(start: number, end: number): FieldKind {
    const text = this.#cursor.bytes.toString("latin1", start, end);
    return /^(?:0x)?[\da-f]{1,16}$/i.test(text) ? FieldKind.hex : FieldKind.text;
  }

  #readCall(bytes: Buffer, end: number): boolean {
    const place = this.#placeOf("call");
    if (place === null) {
      return false;
    }
    const whole = callAt(bytes, place[0], end);
    if (whole !== null && whole.inside <= place[1]) {
      return this.#readWhole(whole);
    }
    const call = callNamed(bytes, ...place);
    if (call === null) {
      return false;
    }
    this.op = call.op;
    this.size =
      this.#number("size") * (this.#placeOf("count") === null ? 1 : this.#number("count"));
    this.align = this.#placeOf("align") === null ? 0 : this.#number("align");
    return !Number.isNaN(this.size + this.align) ? this.#readPointers() : this.#readFree();
  }

  #readWhole(call: Parameters<CallReader["read"]>[1]): boolean {
    if (!this.#call.read(this.#cursor, call, NO_RESULT_BEFORE)) {
      return false;
    }
    const { op, size, align, pointerIn, pointerOut } = this.#call;
    Object.assign(this, { op, size, align, pointerIn, pointerOut });
    return op !== Op.mark;
  }

  #readFree(): boolean {
    this.size = 0;
    this.align = 0;
    return this.op === Op.free && this.#readPointers();
  }

  /** A call that only returns a block may have it in `pointer`, as frees have theirs. */
  #readPointers(): boolean {
    const given = this.#pointer("pointer");
    const returned = this.#pointer("result");
    switch (this.op) {
      case Op.free:
        this.size = 0;
        this.pointerIn = given ?? 0;
        this.pointerOut = 0;
        return given !== null;
      case Op.realloc:
        this.pointerIn = given ?? 0;
        this.pointerOut = returned ?? 0;
        return given !== null && returned !== null;
      default:
        this.pointerIn = 0;
        this.pointerOut = returned ?? given ?? 0;
        return returned !== null || given !== null;
    }
  }

  /** NaN: there is none. */
  #number(group: PatternGroup): number {
    const place = this.#placeOf(group);
    if (place === null) {
      return Number.NaN;
    }
    this.#cursor.at = place[0];
    return this.#cursor.natural() && this.#cursor.at === place[1] ? this.#cursor.value : Number.NaN;
  }

  #pointer(group: PatternGroup): number | null {
    const place = this.#placeOf(group);
    if (place === null) {
      return null;
    }
    this.#cursor.at = place[0];
    return this.#cursor.pointer() && this.#cursor.at === place[1] ? this.#cursor.value : null;
  }
}
