import { Op } from "../../trace/event.ts";
import type { CallWriter } from "./call-writer.ts";
import { LineKind, type LineReader, type LogFormat, mostMatch } from "./log-format.ts";
import { argumentsOf, callNamed, callOf } from "./named-call.ts";
import type { NativeCall } from "./native/calls.ts";

/**
 * What uftrace prints of a recording with arguments and results; -f adds columns, of which a time is read:
 *
 *     uftrace record -a --force PROGRAM; uftrace replay -f +time > log
 *     # DURATION     TID      TIMESTAMP       FUNCTION
 *      18.854 us [  9816]  2921.521854726 |   calloc(3000, 8) = 0x7ffaa4018ba0;
 *                [  9815]  2921.521929097 |   malloc(654) {
 *                [  9815]  2921.521929211 |     /* linux:schedule *\/
 *       0.685 us [  9815]  2921.521929302 |   } = 0x7ffa9c01e970; /* malloc *\/
 *
 * A call that contains others is in two parts. A free counts from its first part, because its block may be given to
 * another thread before the second; other calls count from their end. --force also records programs that are not compiled with -pg.
 */
export const UFTRACE: LogFormat = {
  name: "uftrace",
  origin: "uftrace replay",
  addresses: "glibc",
  remarks: [
    "uftrace shows the calls that the program itself makes: blocks that a library allocates are missing, also those of strdup",
  ],
  recognises: (lines) => mostMatch(lines, LINE),
  open: (calls) => new UftraceReader(calls),
};

const LINE = /^([^[|]*)\[ *(\d{1,10})\]([^|]*)\| +(.*)$/;
const TIME = /(?:^|\s)(\d+\.\d{9})(?:\s|$)/;

const WHOLE = /^([\w:]+(?: (?:new|delete)(?:\[\])?)?)\(([^()]*)\)(?: = ([^;\s]+))?;$/;
const BEGIN = /^([\w:]+(?: (?:new|delete)(?:\[\])?)?)\(([^()]*)\) \{$/;
const END = /^\}(?: = ([^;\s]+))?;? \/\* ([\w:]+(?: (?:new|delete)(?:\[\])?)?) \*\/$/;

/** Calls of one thread that have not ended; more are a hostile log's. */
const MOST_OPEN = 64;

interface Begun {
  readonly name: string;
  readonly list: string;
}

class UftraceReader implements LineReader {
  readonly #calls: CallWriter;
  readonly #open = new Map<number, Begun[]>();

  constructor(calls: CallWriter) {
    this.#calls = calls;
  }

  read(line: string): LineKind {
    const [, before = "", id, after = "", text = ""] = LINE.exec(line) ?? [];
    if (id === undefined) {
      return LineKind.malformed;
    }
    const tid = Number(id);
    const [, seconds] = TIME.exec(before) ?? TIME.exec(after) ?? [];
    const time = seconds === undefined ? {} : { time: Number(seconds) * 1e6 };
    const [, begun, given = ""] = BEGIN.exec(text) ?? [];
    const opened = callNamed(begun ?? "");
    if (begun !== undefined && opened !== null) {
      if (opened.op === Op.free) {
        return this.#write(opened, given, undefined, { tid, ...time })
          ? LineKind.call
          : LineKind.malformed;
      }
      this.#begin(tid, { name: begun, list: given });
      return LineKind.call;
    }
    const [, result, ended] = END.exec(text) ?? [];
    const [, name = ended, list = this.#end(tid, ended ?? ""), whole = result] =
      WHOLE.exec(text) ?? [];
    const call = callNamed(name ?? "");
    if (call === null) {
      return LineKind.other;
    }
    if (call.op === Op.free && ended !== undefined) {
      return LineKind.call;
    }
    return this.#write(call, list, whole, { tid, ...time }) ? LineKind.call : LineKind.malformed;
  }

  #begin(tid: number, begun: Begun): void {
    const open = this.#open.get(tid) ?? [];
    if (open.length === MOST_OPEN) {
      open.shift();
    }
    open.push(begun);
    this.#open.set(tid, open);
  }

  /** The arguments of the call of that name which began last; empty: none. */
  #end(tid: number, name: string): string {
    const open = this.#open.get(tid) ?? [];
    const at = open.findLastIndex((one) => one.name === name);
    return at < 0 ? "" : (open.splice(at)[0]?.list ?? "");
  }

  #write(
    call: NativeCall,
    list: string,
    result: string | undefined,
    place: { readonly tid: number; readonly time?: number },
  ): boolean {
    const made = callOf(call, argumentsOf(list, 4), result ?? null);
    if (made === null) {
      return false;
    }
    this.#calls.write({ ...made, ...place });
    return true;
  }
}
