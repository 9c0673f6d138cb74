import type { CallWriter } from "./call-writer.ts";
import { LineKind, type LineReader, type LogFormat } from "./log-format.ts";
import { callNamed, callOf } from "./named-call.ts";

/**
 * What valgrind's memcheck, massif or another tool with an allocator of its own prints of each call:
 *
 *     valgrind --trace-malloc=yes PROGRAM 2> log
 *     ==23839== Memcheck, a memory error detector
 *     --23839-- malloc(1470) = 0x4A40040
 *     --23839-- realloc(0x4A40040,2940) = 0x4A40640
 *     --23839-- realloc(0x0,45)malloc(45) = 0x4A41310      realloc(NULL) calls malloc
 *     --23839-- memalign(al 64, size 100) = 0x4A41380      also posix_memalign and aligned_alloc
 *     --23839-- free(0x4A41310)
 *
 * The number is the process's id; valgrind runs its threads by turns and does not tell them apart.
 */
export const VALGRIND: LogFormat = {
  name: "valgrind",
  origin: "valgrind --trace-malloc=yes",
  addresses: "valgrind",
  remarks: [],
  recognises: (lines) => lines.filter((line) => LINE.test(line)).length * 2 >= lines.length,
  open: (calls) => new ValgrindReader(calls),
};

const LINE =
  /^--(\d+)--(?: [\d:.]+)? (?:\w+\((?:0x0)?,\d+\))?(\w+)\(([^()]*)\)(?: = (0x[\da-f]+))?\s*$/i;

/** Messages: `==pid==`, and of other kinds `--pid--`. */
const MESSAGE = /^(?:==|--|\*\*)\d+(?:==|--|\*\*)/;

class ValgrindReader implements LineReader {
  readonly #calls: CallWriter;

  constructor(calls: CallWriter) {
    this.#calls = calls;
  }

  read(line: string): LineKind {
    const [, pid, name = "", list = "", result] = LINE.exec(line) ?? [];
    const call = callNamed(name);
    if (call === null) {
      return MESSAGE.test(line) ? LineKind.other : LineKind.malformed;
    }
    const args = list.split(",").map((text) => text.replace(/^ *(?:al|size) /, "").trim());
    const made = callOf(call, args, result ?? null);
    if (made === null) {
      return LineKind.malformed;
    }
    this.#calls.write({ ...made, pid: Number(pid) });
    return LineKind.call;
  }
}
