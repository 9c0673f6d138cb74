import { Op } from "../../trace/event.ts";
import { pointerOfBlock } from "./block-numbers.ts";
import type { CallWriter } from "./call-writer.ts";
import { LineKind, type LineReader, type LogFormat } from "./log-format.ts";

/**
 * The recordings of KDE's heaptrack, which are compressed by gzip or zstd. All numbers are hexadecimal.
 *
 *     heaptrack --record-only PROGRAM      heaptrack.PROGRAM.PID.raw.zst; heaptrack -r since 1.5
 *     v 10400 3                    version of heaptrack, and of the file
 *     t 7f80bcfe4b9f 0             place 1 of code: address, and the place that called it
 *     + 5be 8 55d8eaedf4a0         a block: size, place of the call, address
 *     - 55d8eaedf4a0               its free
 *     c 1f                         ms since the start
 *
 *     heaptrack PROGRAM            heaptrack.PROGRAM.PID.zst, interpreted: without addresses of blocks
 *     s 4 main                     text 20
 *     i 55fd0670827f 1 14 15 5     address of code: module, function, file and line
 *     t 8 7                        place: address of code 8, called from place 7
 *     a 5be 8                      kind 0 of block: size, place of the call
 *     + 0                          a block of kind 0
 *     - 0                          the free of one
 *
 * heaptrack has no threads, and writes a realloc as a free and a new block. Its blocks are glibc's.
 */
export const HEAPTRACK: LogFormat = {
  name: "heaptrack",
  origin: "heaptrack, raw or interpreted",
  addresses: "glibc",
  remarks: [
    "heaptrack writes realloc as a free and a malloc, calloc and aligned_alloc as malloc, and does not record memalign",
  ],
  recognises: ([first = ""]) => VERSION.test(first),
  open: (calls, lines) =>
    new HeaptrackReader(
      calls,
      lines.some((line) => /^a [\da-f]+ [\da-f]+$/.test(line)),
    ),
};

const VERSION = /^v 1[\da-f]{4,5}(?: [\da-f]+)?$/;

/** Records that are no calls: texts, code, traces, times, RSS, the machine, the command. */
const OTHER = /^[A-Za-z](?: |$)/;

const HEX = /^[\da-f]{1,16}$/;

/** Kinds of block, places and texts of one program; a hostile log has more. */
const MOST = 4_000_000;

class HeaptrackReader implements LineReader {
  readonly #calls: CallWriter;
  readonly #isInterpreted: boolean;
  /** µs */
  #time = 0;
  /** the caller at each place, from 1 on */
  readonly #places: (number | string)[] = [0];
  /** of interpreted files: texts, callers at addresses of code, and kinds of block, by number */
  readonly #texts: string[] = [""];
  readonly #codes: (number | string)[] = [0];
  readonly #kinds: { readonly size: number; readonly place: number; readonly live: number[] }[] =
    [];
  #blocks = 0;

  constructor(calls: CallWriter, isInterpreted: boolean) {
    this.#calls = calls;
    this.#isInterpreted = isInterpreted;
    if (isInterpreted) {
      calls.addressesAre("none");
    }
  }

  read(line: string): LineKind {
    const [letter = "", ...words] = line.split(" ");
    const numbers = words.map((word) => (HEX.test(word) ? Number.parseInt(word, 16) : Number.NaN));
    const [first = Number.NaN, second = Number.NaN, third = Number.NaN] = numbers;
    switch (letter) {
      case "+":
        return this.#isInterpreted ? this.#begin(first) : this.#allocated(first, second, third);
      case "-":
        return this.#isInterpreted ? this.#end(first) : this.#freed(first);
      case "c":
        this.#time = first * 1000;
        break;
      case "s":
        remember(this.#texts, words.slice(1).join(" "));
        break;
      case "i":
        remember(this.#codes, this.#codeOf(numbers));
        break;
      case "t":
        remember(this.#places, this.#isInterpreted ? (this.#codes[first] ?? 0) : first);
        break;
      case "a":
        remember(this.#kinds, { size: first, place: second, live: [] });
        break;
    }
    return OTHER.test(line) ? LineKind.other : LineKind.malformed;
  }

  /** `inflate (infl.c:41)`, or the address where the function is not known. */
  #codeOf([address = 0, , name = 0, file = 0, line = 0]: readonly number[]): number | string {
    const text = this.#texts[name] ?? "";
    const path = this.#texts[file] ?? "";
    const place = path === "" ? "" : ` (${path.slice(path.lastIndexOf("/") + 1)}:${line})`;
    return text === "" ? address : `${text}${place}`;
  }

  #allocated(size: number, place: number, pointerOut: number): LineKind {
    if (Number.isNaN(size + place + pointerOut)) {
      return LineKind.malformed;
    }
    const caller = this.#places[place] ?? 0;
    this.#calls.write({ op: Op.malloc, size, pointerOut, caller, time: this.#time });
    return LineKind.call;
  }

  #freed(pointerIn: number): LineKind {
    if (Number.isNaN(pointerIn)) {
      return LineKind.malformed;
    }
    this.#calls.write({ op: Op.free, pointerIn, time: this.#time });
    return LineKind.call;
  }

  /** A block of a kind gets a number of its own. */
  #begin(kind: number): LineKind {
    const found = this.#kinds[kind];
    if (found === undefined) {
      return LineKind.malformed;
    }
    const pointer = pointerOfBlock(this.#blocks++);
    found.live.push(pointer);
    return this.#allocated(found.size, found.place, pointer);
  }

  #end(kind: number): LineKind {
    const pointer = this.#kinds[kind]?.live.pop();
    return pointer === undefined ? LineKind.malformed : this.#freed(pointer);
  }
}

function remember<T>(list: T[], one: T): void {
  if (list.length < MOST) {
    list.push(one);
  }
}
