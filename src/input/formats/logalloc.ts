import { pointerOfBlock } from "./block-numbers.ts";
import type { CallWriter } from "./call-writer.ts";
import { LineKind, type LineReader, type LogFormat, mostMatch } from "./log-format.ts";
import { callNamed, callOf } from "./named-call.ts";

/**
 * A log of Firefox's logalloc whose pointers logalloc_munge.py has replaced by numbers, as logalloc-replay takes it. Logs
 * that are not munged have pointers, and the native reader takes them as `pid tid call`.
 *
 *     MALLOC_LOG=log.txt firefox; python logalloc_munge.py < log.txt > munged
 *     1 1 malloc(42)=#1
 *     1 2 realloc(#1,84)=#2
 *     1 1 free(#2)
 *     1 1 jemalloc_stats()
 */
export const LOGALLOC: LogFormat = {
  name: "logalloc",
  origin: "Firefox's logalloc, munged; not munged, it is native",
  addresses: "none",
  remarks: [],
  recognises: (lines) => mostMatch(lines, LINE) && lines.some((line) => /[(=]#\d/.test(line)),
  open: (calls) => new LogallocReader(calls),
};

const LINE =
  /^\s*(\d{1,10}) (?:(\d{1,10}) )?(\w+)\(([^()]*)\)(?:\s*=\s*(#\d{1,15}|\(?nil\)?|0x0|0))?\s*$/;

class LogallocReader implements LineReader {
  readonly #calls: CallWriter;

  constructor(calls: CallWriter) {
    this.#calls = calls;
  }

  read(line: string): LineKind {
    const [, first, second, name = "", list = "", result] = LINE.exec(line) ?? [];
    if (first === undefined) {
      return LineKind.malformed;
    }
    const call = callNamed(name);
    if (call === null) {
      return name.startsWith("jemalloc") || name.startsWith("moz")
        ? LineKind.other
        : LineKind.malformed;
    }
    const args = list.split(",").map((text) => numbered(text.trim()));
    const made = callOf(call, args, result === undefined ? null : numbered(result));
    if (made === null) {
      return LineKind.malformed;
    }
    const pid = second === undefined ? {} : { pid: Number(first) };
    this.#calls.write({ ...made, ...pid, tid: Number(second ?? first) });
    return LineKind.call;
  }
}

/** `#0` is NULL. */
function numbered(text: string): string {
  const [, number] = /^#(\d+)$/.exec(text) ?? [];
  if (number === undefined) {
    return text;
  }
  return number === "0" ? "0" : `0x${pointerOfBlock(Number(number)).toString(16)}`;
}
