import { Op } from "../../trace/event.ts";
import type { Call, CallWriter } from "./call-writer.ts";
import { LineKind, type LineReader, type LogFormat, mostMatch } from "./log-format.ts";
import { pointerOf } from "./named-call.ts";

/**
 * What glibc's mtrace() writes to the file that MALLOC_TRACE names, from mtrace() to muntrace() or the end:
 *
 *     MALLOC_TRACE=log LD_PRELOAD=libc_malloc_debug.so.0 PROGRAM     since glibc 2.34; before, no LD_PRELOAD
 *     = Start
 *     @ ./st:[0x126b] + 0x55fe2c5814a0 0x29e        malloc, calloc, memalign …: result and size
 *     @ ./st:(main+0x4b)[0x12e4] < 0x55fe2c5814a0   realloc: the old block, and on the next line
 *     @ ./st:(main+0x4b)[0x12e4] > 0x55fe2c5814a0 0x53c     the new one
 *     @ ./st:[0x1234] - 0x55fe2c5814a0              free
 *     @ ./st:[0x1234] ! 0x55fe2c5814a0 0x7fffffff   a realloc that failed
 *     = End
 *
 * `[0x126b]` is the place of the call in the module before it, or an address where there is no module. Some hooks write
 * such lines without the place.
 */
const LINE =
  /^(?:@ (?:(.*):)?(?:\(([^()]*)\))?\[((?:0x)?[\da-f]+|\(?nil\)?)\] +)?([-+<>!]) +(0x[\da-f]{1,16}|\(nil\))(?: +(0x[\da-f]{1,16}|\d{1,20}))? *$/i;

const BOUNDS = /^= (?:Start|End)\b/;

export const MTRACE: LogFormat = {
  name: "mtrace",
  origin: "glibc's mtrace()",
  addresses: "glibc",
  remarks: ["mtrace logs calloc, memalign and their kin as it logs malloc"],
  recognises: (lines) => mostMatch(lines, LINE),
  open: (calls) => new MtraceReader(calls),
};

class MtraceReader implements LineReader {
  readonly #calls: CallWriter;
  /** the block that a realloc has taken, whose second line is still to come; NaN: none */
  #taken = Number.NaN;

  constructor(calls: CallWriter) {
    this.#calls = calls;
  }

  read(line: string): LineKind {
    const [matched, module, symbol, place, sign, pointer = "", bytes] = LINE.exec(line) ?? [];
    if (matched === undefined) {
      return BOUNDS.test(line) ? LineKind.other : LineKind.malformed;
    }
    const call = this.#callOf(sign ?? "", pointerOf(pointer), Number(bytes));
    if (call === null) {
      return LineKind.malformed;
    }
    if (call !== FIRST_HALF) {
      const caller = callerOf(module, symbol, place);
      this.#calls.write({ ...call, ...(caller === null ? {} : { caller }) });
    }
    return LineKind.call;
  }

  #callOf(sign: string, pointer: number, size: number): Call | null {
    if (sign === "-") {
      return { op: Op.free, pointerIn: pointer };
    }
    if (sign === "<") {
      this.#taken = pointer;
      return FIRST_HALF;
    }
    if (Number.isNaN(size)) {
      return null;
    }
    if (sign === "+") {
      return { op: Op.malloc, size, pointerOut: pointer };
    }
    if (sign === "!") {
      return { op: Op.realloc, size, pointerIn: pointer, pointerOut: 0 };
    }
    const pointerIn = this.#taken;
    this.#taken = Number.NaN;
    return Number.isNaN(pointerIn)
      ? null
      : { op: Op.realloc, size, pointerIn, pointerOut: pointer };
  }
}

/** Stands for a line that another one completes. */
const FIRST_HALF: Call = { op: Op.realloc };

function callerOf(module = "", symbol = "", place = ""): number | string | null {
  if (symbol !== "") {
    return symbol.replace(/\+(?=[\da-f]+$)/, "+0x");
  }
  if (module !== "" && place !== "") {
    return `${module.slice(module.lastIndexOf("/") + 1)}+${place}`;
  }
  return place === "" ? null : pointerOf(place);
}
