import { Op } from "../../trace/event.ts";
import { pointerOfBlock } from "./block-numbers.ts";
import type { Call, CallWriter } from "./call-writer.ts";
import { TextColumns } from "./columns/text-columns.ts";
import { type FieldRole, roleOfName } from "./field-names.ts";
import { LineKind, type LineReader, type LogFormat } from "./log-format.ts";
import { pointerOf } from "./named-call.ts";
import { opNamed } from "./record-ops.ts";
import { type RecordRoles, rolesOf } from "./record-roles.ts";

/**
 * Lines that begin with the operation, as many hooks and benchmarks print them, with the numbers in any order:
 *
 *     + malloc 53 0x5581000002a0 [85:160]!      log-malloc
 *     m 0x00005581000002a0 0x0000000000000064   a hook: pointer, size
 *     100: realloc 0x96b002a0 0x96b003f0 150    Android's malloc_debug (record_allocs): tid, new, old, size
 *     a 0 512                                   traces of CS:APP's malloc lab (.rep): number of the block, size
 *     r 0 640
 *     f 0
 *
 * The order of numbers is inferred from the first lines (record-roles.ts). A .rep file begins with lines of one number,
 * and numbers its blocks. Android's newer versions add the times of begin and end in ns. Its blocks are bionic's, not glibc's.
 */
export const RECORDS: LogFormat = {
  name: "records",
  origin:
    "hooks that print the operation first, Android's malloc_debug, traces of CS:APP's malloc lab",
  addresses: "glibc",
  remarks: [],
  recognises: (lines) => {
    // A short .rep file has more lines above its operations.
    const records = lines.filter((line) => !/^\d+$/.test(line)).map((line) => recordOf(line));
    const found = records.filter((one) => one !== null);
    return found.length * 2 >= records.length && found.some(({ op }) => op !== Op.free);
  },
  open: (calls, lines) => {
    const base = baseOf(lines);
    const roles = rolesOf(lines.map((line) => recordOf(line, base)).filter((one) => one !== null));
    if (roles.areNumbers) {
      calls.addressesAre("none");
    } else if (isAndroids(lines)) {
      calls.addressesAre("bionic");
    }
    calls.remark(roles.summary);
    return new RecordReader(calls, roles, base, lines);
  },
};

/** What malloc_debug writes: the thread, then the function with its block first, or the end of the thread. */
const ANDROID =
  /^\d+: (?:malloc|calloc|realloc|memalign|aligned_alloc|posix_memalign|valloc|pvalloc|free|thread_done) 0x[\da-f]+(?: |$)/;
const THREAD_DONE = /^\d+: thread_done /;

/** True if malloc_debug wrote the lines: hooks of glibc print such calls, too, but no thread_done. */
function isAndroids(lines: readonly string[]): boolean {
  return (
    lines.every((line) => line.startsWith("#") || ANDROID.test(line)) &&
    lines.some((line) => THREAD_DONE.test(line))
  );
}

/** A line that begins with an operation, or has one before its numbers. */
export interface Record {
  readonly op: Op;
  /** what stands before the operation */
  readonly head: string;
  /** as a field behind the operation says; null: none does */
  readonly tid: number | null;
  /** the numbers after the operation, in order, up to the first other text */
  readonly numbers: readonly number[];
}

/** What may be an operation: a word or a sign. */
const WORD_OR_SIGN = /(?<![\w.+-])(?:[a-z_]+|[-+])(?=[:,]?(?:\s|0x|,|$))/gi;

/** What stands before the operation in lines of nothing else: a thread's id, a time in seconds, a sign. */
const PLAIN_HEAD = /^\s*(?:\[?\d{1,10}(?:\]:?|:)\s*)?(?:\d{1,15}\.\d{1,9}\s+)?(?:[-+*=]\s+)?$/;

/** After other text, one of the numbers must be marked as an address. */
const ADDRESS = /\b0x[\da-f]{4,16}\b/i;

/** The operation stands in this part of a line. */
const HEAD_CHARACTERS = 160;

const SEPARATORS = /[\s,;]+/;

/** Between the numbers. */
const WORD =
  /^(?:bytes|at|of|to|from|addr|address|ptr|pointer|size|returned|result|allocated|reallocated|freed|block|memory|=|->|=>|:)$/i;

/** Digits of an address; sizes are shorter. */
const LONG_DIGITS = 8;

const BARE_HEXADECIMAL = /[\s,](?=[\da-f]*\d)(?=[\da-f]*[a-f])[\da-f]{8,16}(?:[\s,]|$)/i;

/** Named fields behind the operation that are none of its arguments: `tid=7`. */
const NO_ARGUMENTS: ReadonlySet<FieldRole> = new Set(["tid", "pid", "time", "caller"]);

/** More numbers are no arguments. */
const MOST_NUMBERS = 8;

/** Null: the line is none. */
function recordOf(line: string, base: 10 | 16 = 10): Record | null {
  for (const { 0: word, index } of line.slice(0, HEAD_CHARACTERS).matchAll(WORD_OR_SIGN)) {
    const head = line.slice(0, index);
    const op = opNamed(word);
    const rest = line.slice(index + word.length).replace(/^[:,]/, "");
    const isPlain = PLAIN_HEAD.test(head);
    if (op !== null && (isPlain || (word.length > 1 && ADDRESS.test(rest)))) {
      const { numbers, tid } = numbersIn(rest, base);
      if (numbers.length > 0) {
        return { op, head, tid, numbers };
      }
    }
  }
  return null;
}

/** The numbers up to the first other text, and the thread that a field among them names. */
function numbersIn(text: string, base: 10 | 16): Pick<Record, "numbers" | "tid"> {
  const numbers: number[] = [];
  let tid: number | null = null;
  for (const word of text.trim().split(SEPARATORS, 2 * MOST_NUMBERS)) {
    const role = roleOfName(/^([a-z_]+)[=:]/i.exec(word)?.[1] ?? "");
    if (role === "tid") {
      tid = Number(/[=:](\d{1,10})$/.exec(word)?.[1] ?? Number.NaN);
    }
    if (NO_ARGUMENTS.has(role)) {
      continue;
    }
    const number = WORD.test(word) ? null : numberIn(word.replace(/^[a-z_]+[=:]/i, ""), base);
    if (Number.isNaN(number)) {
      break;
    }
    if (number !== null) {
      numbers.push(number);
    }
  }
  return { numbers, tid: Number.isNaN(tid) ? null : tid };
}

/** NaN: none. Without 0x, numbers of 16 digits and those with letters are hexadecimal. */
function numberIn(text: string, base: 10 | 16): number {
  const isDecimal = /^-?\d{1,15}$/.test(text) && (base === 10 || text.length < LONG_DIGITS);
  return isDecimal ? Number(text) : pointerOf(text);
}

/** The base of long numbers without 0x. */
function baseOf(lines: readonly string[]): 10 | 16 {
  return lines.some((line) => BARE_HEXADECIMAL.test(line)) ? 16 : 10;
}

/** Lines of one number at the head of a .rep file; frames of a stack; a hook's own messages. */
const OTHER = /^\s*(?:\d+|\S*\([^()]*\) ?\[0x[\da-f]+\]|[-+*=] [A-Z]+\b.*)\s*$/;

class RecordReader implements LineReader {
  readonly #calls: CallWriter;
  readonly #roles: RecordRoles;
  readonly #base: 10 | 16;
  readonly #columns: TextColumns;

  constructor(calls: CallWriter, roles: RecordRoles, base: 10 | 16, lines: readonly string[]) {
    this.#columns = new TextColumns(lines.flatMap((line) => recordOf(line, base)?.head ?? []));
    this.#calls = calls;
    this.#base = base;
    this.#roles = roles;
  }

  read(line: string): LineKind {
    const record = recordOf(line, this.#base);
    if (record === null) {
      return OTHER.test(line) ? LineKind.other : LineKind.malformed;
    }
    const call = this.#callOf(record);
    if (call === null) {
      return LineKind.malformed;
    }
    const place = this.#columns.read(record.head);
    const { newThread } = this.#columns;
    if (newThread !== null) {
      this.#calls.note(`thread ${place.tid} ${newThread}`);
    }
    const { tid } = record;
    this.#calls.write({ ...call, ...place, ...(tid === null ? {} : { tid }) });
    return LineKind.call;
  }

  #callOf(record: Record): Call | null {
    const { op, numbers } = record;
    if (op === Op.threadExit) {
      return { op };
    }
    const { pointer, old, size, first } = this.#roles.of(record);
    const at = (column: number): number =>
      column < 0 ? 0 : Math.max(-1, numbers[column] ?? Number.NaN);
    const [block, oldBlock] = [this.#blockAt(numbers, pointer), this.#blockAt(numbers, old)];
    if (op === Op.free) {
      return Number.isNaN(block) ? null : { op, pointerIn: block };
    }
    if (pointer < 0) {
      return null;
    }
    const bytes = at(size) * (op === Op.calloc && first >= 0 ? at(first) : 1);
    if (size < 0 || !(bytes >= 0) || Number.isNaN(block + oldBlock)) {
      return null;
    }
    return {
      op,
      size: bytes,
      pointerOut: block,
      ...(op === Op.realloc ? { pointerIn: oldBlock } : {}),
      ...(op === Op.memalign ? { align: Math.max(0, at(first)) } : {}),
    };
  }

  #blockAt(numbers: readonly number[], column: number): number {
    const number = column < 0 ? 0 : (numbers[column] ?? Number.NaN);
    if (this.#roles.areNumbers && column >= 0) {
      return pointerOfBlock(number);
    }
    return Math.max(0, number);
  }
}
