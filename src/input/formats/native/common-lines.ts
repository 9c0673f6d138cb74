import type { EventBatch } from "../../../trace/event.ts";
import { instantiate } from "../../../wasm/wasm-module.ts";
import { type LineForm, NATIVE_FORM, Step } from "./line-form.ts";

/** What core/scan-window.ts exports. The columns and the window are addresses in its memory. */
interface ScanExports {
  readonly memory: WebAssembly.Memory;
  readonly window: WebAssembly.Global;
  readonly WINDOW_BYTES: WebAssembly.Global;
  readonly head: WebAssembly.Global;
  readonly tail: WebAssembly.Global;
  readonly STEPS_BYTES: WebAssembly.Global;
  readonly op: WebAssembly.Global;
  readonly pid: WebAssembly.Global;
  readonly tid: WebAssembly.Global;
  readonly time: WebAssembly.Global;
  readonly caller: WebAssembly.Global;
  readonly size: WebAssembly.Global;
  readonly pointerIn: WebAssembly.Global;
  readonly pointerOut: WebAssembly.Global;
  readonly ROWS: WebAssembly.Global;
  useSteps(use: boolean): void;
  scan(at: number, end: number, room: number): number;
  rows(): number;
}

const NEWLINE = 0x0a;

/**
 * Returns null where the system has no room for the module: V8 reserves 10 GB of addresses for it, more than `ulimit -v` may
 * grant.
 */
export function newCommonLines(): CommonLines | null {
  try {
    return new CommonLines();
  } catch (error) {
    if (error instanceof RangeError) {
      return null;
    }
    throw error;
  }
}

/**
 * Reads the lines that have the common form (core/common-line.ts), or a common call in other columns (core/line-steps.ts), in
 * WebAssembly: V8's code for it takes three times as long. A window of the log's bytes is copied into the module's memory, and
 * the rows out of it.
 */
export class CommonLines {
  readonly #module = instantiate<ScanExports>("scan");
  readonly #window: Uint8Array;
  readonly #head: Uint8Array;
  readonly #tail: Uint8Array;
  readonly #op: Uint8Array;
  readonly #pid: Int32Array;
  readonly #tid: Int32Array;
  readonly #time: Float64Array;
  readonly #caller: Float64Array;
  readonly #size: Float64Array;
  readonly #pointerIn: Float64Array;
  readonly #pointerOut: Float64Array;
  /** the part of the bytes that is in the window, from index `#from` to `#to` */
  #from = 0;
  #to = 0;
  #form = NATIVE_FORM;

  constructor() {
    const { memory, window, WINDOW_BYTES, ROWS, STEPS_BYTES, ...columns } = this.#module;
    const { buffer } = memory;
    const rows = ROWS.value;
    // Fixed: the memory never grows.
    this.#window = new Uint8Array(buffer, window.value, WINDOW_BYTES.value);
    this.#head = new Uint8Array(buffer, columns.head.value, STEPS_BYTES.value);
    this.#tail = new Uint8Array(buffer, columns.tail.value, STEPS_BYTES.value);
    this.#op = new Uint8Array(buffer, columns.op.value, rows);
    this.#pid = new Int32Array(buffer, columns.pid.value, rows);
    this.#tid = new Int32Array(buffer, columns.tid.value, rows);
    this.#time = new Float64Array(buffer, columns.time.value, rows);
    this.#caller = new Float64Array(buffer, columns.caller.value, rows);
    this.#size = new Float64Array(buffer, columns.size.value, rows);
    this.#pointerIn = new Float64Array(buffer, columns.pointerIn.value, rows);
    this.#pointerOut = new Float64Array(buffer, columns.pointerOut.value, rows);
  }

  /** Other bytes follow. */
  restart(): void {
    this.#from = 0;
    this.#to = 0;
  }

  /** Lines have this form from now on. Returns false if it is too long. */
  use(form: LineForm): boolean {
    if (form === this.#form) {
      return true;
    }
    const { head, tail } = form;
    if (Math.max(head?.length ?? 0, tail.length) >= this.#head.length) {
      return false;
    }
    this.#form = form;
    this.#module.useSteps(head !== null);
    this.#head.set([...(head ?? []), Step.end]);
    this.#tail.set([...tail, Step.end]);
    return true;
  }

  /** The process of a line that the last `read` has read; `row`: 0 for the first. Only where the form has one. */
  pidOf(row: number): number {
    return this.#pid[row] ?? 0;
  }

  /**
   * Reads lines with a common call from `bytes[at, length)` into free rows of the batch, at most `room`; `line` is the number
   * of the first. Returns the index behind the last line read: `at` if the line there has another form.
   */
  read(
    bytes: Uint8Array,
    at: number,
    length: number,
    batch: EventBatch,
    room: number,
    line: number,
  ): number {
    if (at >= this.#to || at < this.#from) {
      this.#load(bytes, at, length);
    }
    let next = this.#scan(at, batch, room, line);
    if (next === at && this.#to < length && !this.#hasNewline(at)) {
      // The line runs on beyond the window.
      this.#load(bytes, at, length);
      next = this.#scan(at, batch, room, line);
    }
    return next;
  }

  #load(bytes: Uint8Array, at: number, length: number): void {
    const end = Math.min(length, at + this.#window.length);
    this.#window.set(bytes.subarray(at, end));
    this.#from = at;
    this.#to = end;
  }

  #hasNewline(at: number): boolean {
    const newline = this.#window.indexOf(NEWLINE, at - this.#from);
    return newline >= 0 && newline < this.#to - this.#from;
  }

  #scan(at: number, batch: EventBatch, room: number, line: number): number {
    const stop = this.#module.scan(at - this.#from, this.#to - this.#from, room);
    const rows = this.#module.rows();
    if (rows > 0) {
      this.#copyRows(batch, rows, line);
    }
    return this.#from + stop;
  }

  #copyRows(batch: EventBatch, rows: number, line: number): void {
    const start = batch.length;
    const end = start + rows;
    batch.op.set(this.#op.subarray(0, rows), start);
    batch.tid.set(this.#tid.subarray(0, rows), start);
    batch.time.set(this.#time.subarray(0, rows), start);
    batch.caller.set(this.#caller.subarray(0, rows), start);
    batch.size.set(this.#size.subarray(0, rows), start);
    batch.align.fill(0, start, end);
    batch.pointerIn.set(this.#pointerIn.subarray(0, rows), start);
    batch.pointerOut.set(this.#pointerOut.subarray(0, rows), start);
    for (let i = start, number = line; i < end; i++, number++) {
      batch.line[i] = number;
    }
    batch.length = end;
  }
}
