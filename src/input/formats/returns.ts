import { Op } from "../../trace/event.ts";
import type { CallWriter } from "./call-writer.ts";
import { LineKind, type LineReader, type LogFormat } from "./log-format.ts";
import { argumentsOf, callNamed, callOf } from "./named-call.ts";
import type { NativeCall } from "./native/calls.ts";

/**
 * A call and its result on lines of their own, as tools of Pin (malloctrace) and DynamoRIO print them where they stop at
 * the beginning and at the end of a function, with or without a thread's id before both:
 *
 *     pin -t malloctrace.so -- PROGRAM
 *     malloc(0x348)
 *       returns 0x5581000002a0
 *     free(0x5581000002a0)
 *
 * A result belongs to the call of its thread that began last and has none yet. A free has none.
 */
export const RETURNS: LogFormat = {
  name: "returns",
  origin: "tools of Pin and DynamoRIO that print the result on the next line",
  addresses: "glibc",
  remarks: [],
  recognises: (lines) => {
    const results = lines.filter((line) => RESULT.test(line)).length;
    return (
      results > 0 && (results + lines.filter((line) => CALL.test(line)).length) * 2 >= lines.length
    );
  },
  open: (calls) => new ReturnsReader(calls),
};

const THREAD = /^\s*(?:\[?(?:tid[ =:]*)?(\d{1,10})[\]:]?:?\s+)?/.source;
const CALL = new RegExp(
  `${THREAD}(?:\\S*!)?(operator (?:new|delete)(?:\\[\\])?|\\w+)\\(([^()]*)\\)\\s*$`,
);
const RESULT = new RegExp(
  `${THREAD}(?:\\w+ )?(?:returns?|returned|ret|result)[ :=]+((?:0x)?[\\da-f]+|\\(?nil\\)?|NULL)\\s*$`,
  "i",
);

/** Calls of one thread without a result; more are a hostile log's. */
const MOST_OPEN = 64;

class ReturnsReader implements LineReader {
  readonly #calls: CallWriter;
  /** the calls of each thread whose results are still to come; null: of another function */
  readonly #open = new Map<string, ({ call: NativeCall; args: string[] } | null)[]>();

  constructor(calls: CallWriter) {
    this.#calls = calls;
  }

  read(line: string): LineKind {
    const result = RESULT.exec(line);
    if (result !== null) {
      return this.#end(result[1] ?? "", result[2] ?? "");
    }
    const [, thread = "", name, list = ""] = CALL.exec(line) ?? [];
    if (name === undefined) {
      return LineKind.malformed;
    }
    const call = callNamed(name);
    const args = argumentsOf(list, 4);
    if (call?.op === Op.free) {
      return this.#write(call, args, null, thread) ? LineKind.call : LineKind.malformed;
    }
    const open = this.#open.get(thread) ?? [];
    if (open.length === MOST_OPEN) {
      open.shift();
    }
    open.push(call === null ? null : { call, args });
    this.#open.set(thread, open);
    return call === null ? LineKind.other : LineKind.call;
  }

  #end(thread: string, result: string): LineKind {
    const begun = this.#open.get(thread)?.pop();
    if (begun === undefined) {
      return LineKind.malformed;
    }
    if (begun === null) {
      return LineKind.other;
    }
    return this.#write(begun.call, begun.args, result, thread) ? LineKind.call : LineKind.malformed;
  }

  #write(
    call: NativeCall,
    args: readonly string[],
    result: string | null,
    thread: string,
  ): boolean {
    const made = callOf(call, args, result);
    if (made === null) {
      return false;
    }
    this.#calls.write({ ...made, ...(thread === "" ? {} : { tid: Number(thread) }) });
    return true;
  }
}
