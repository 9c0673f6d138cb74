import { EVENTS_PER_BATCH } from "../../trace/columns.ts";
import type { Op } from "../../trace/event.ts";
import type { EventSink } from "../../trace/sink.ts";
import type { Diagnostics } from "../diagnostics.ts";
import type { Addresses } from "./log-format.ts";
import { NamedCallers } from "./native/named-callers.ts";
import { ThreadHandles } from "./native/thread-handles.ts";

/** One call, with what its line tells. Fields have the units and ranges of `EVENT_COLUMNS`; what is absent, the log does not tell. */
export interface Call {
  readonly op: Op;
  /** absent: the format does not tell threads, and all calls of a process are one thread's */
  readonly tid?: number;
  /** 0 or absent: none */
  readonly pid?: number;
  readonly time?: number;
  /** an address, or a text such as `libzip.so+0x41` */
  readonly caller?: number | string;
  readonly size?: number;
  readonly align?: number;
  readonly pointerIn?: number;
  readonly pointerOut?: number;
}

/** Highest thread id that a batch of events can hold. */
const MAX_TID = 2 ** 31 - 1;

/** Writes the calls of a foreign format as events. Notes in the diagnostics what no call told so far. */
export class CallWriter {
  /** number of the line that is being read */
  line = 0;
  readonly #sink: EventSink;
  readonly #diagnostics: Diagnostics;
  readonly #callers: NamedCallers;
  readonly #handles = new ThreadHandles();
  /** the process of each thread, where lines state it */
  readonly #owners = new Map<number, number>();

  constructor(sink: EventSink, diagnostics: Diagnostics) {
    this.#sink = sink;
    this.#diagnostics = diagnostics;
    this.#callers = new NamedCallers(diagnostics.callerNames);
  }

  write({ op, tid, pid = 0, time, caller, size = 0, align = 0, ...pointers }: Call): void {
    const thread = this.#threadOf(tid ?? pid);
    const { tells } = this.#diagnostics.format;
    if (tells !== null) {
      tells.threads ||= tid !== undefined;
      tells.times ||= time !== undefined;
      tells.callers ||= caller !== undefined;
    }
    if (pid !== 0 && this.#owners.get(thread) !== pid) {
      this.#owners.set(thread, pid);
      this.note(`owner ${thread} ${pid}`);
    }
    if (this.#sink.batch.length === EVENTS_PER_BATCH) {
      this.#sink.advance();
    }
    const { batch } = this.#sink;
    const row = batch.length;
    batch.op[row] = op;
    batch.tid[row] = thread;
    batch.time[row] = time ?? Number.NaN;
    batch.caller[row] = this.#callerOf(caller);
    batch.size[row] = size;
    batch.align[row] = align;
    batch.pointerIn[row] = pointers.pointerIn ?? 0;
    batch.pointerOut[row] = pointers.pointerOut ?? 0;
    batch.line[row] = this.line;
    batch.length = row + 1;
  }

  /** The pointers are no addresses of glibc's blocks. Must be called before the first call is written. */
  addressesAre(addresses: Exclude<Addresses, "glibc">): void {
    this.#diagnostics.format.addresses = addresses;
    this.note(`addresses ${addresses}`);
  }

  /** Adds to what the report says of the format. */
  remark(text: string): void {
    this.#diagnostics.format.remarks.push(text);
  }

  /** Writes what a `# key value` comment of the native format would state. */
  note(text: string): void {
    if (this.#sink.batch.notes.length === EVENTS_PER_BATCH) {
      this.#sink.advance();
    }
    const { batch } = this.#sink;
    batch.notes.push({ at: batch.length, line: this.line, text });
  }

  /** Handles, as pthread_self() returns them, are numbered from 1. */
  #threadOf(id: number): number {
    return id <= MAX_TID ? id : this.#handles.numberOf(id);
  }

  #callerOf(caller: number | string | undefined): number {
    if (typeof caller !== "string") {
      return caller ?? 0;
    }
    const bytes = Buffer.from(caller);
    return this.#callers.find(bytes, 0, bytes.length);
  }
}
