import { Op } from "../../trace/event.ts";
import type { CallWriter } from "./call-writer.ts";
import { LineKind, type LineReader, type LogFormat, mostMatch } from "./log-format.ts";
import { callNamed, callOf, numberOf } from "./named-call.ts";
import type { NativeCall } from "./native/calls.ts";

/**
 * The output of ltrace, a line for each library call of a program, with any of its options:
 *
 *     ltrace -f -tt -o log PROGRAM
 *     13594 07:03:36.610702 mt->calloc(3000, 8)        = 0x7f3c74000b70
 *     13595 07:03:36.616265 mt->malloc(670 <unfinished ...>
 *     13595 07:03:36.620984 <... malloc resumed> )     = 0x7f3c6c000b70
 *     13594 07:03:36.620990 mt->free(0x7f3c74000b70)   = <void>
 *     13594 07:03:36.621022 +++ exited (status 0) +++
 *
 * -f gives `[pid N]`, with -o only N; -t, -tt and -ttt a clock or the time since 1970; -r the time since the line before;
 * -i `[0x401136]`, the caller; -T `<0.000148>` at the end; -n blanks before nested calls; -S `SYS_brk(0)`; -x
 * `malloc@libc.so.6(670)`; -C demangled names. A call that another line interrupts is in two parts, which are joined for
 * each thread. A free counts from its beginning, because its block may be given to another thread before its second part;
 * other calls count from their end. Where both `operator new` and the malloc in it are traced, the inner call counts.
 */
const HEAD =
  /^ *(?:\[pid (\d+)\] +|(\d+) +)?(?:(\d+:\d\d:\d\d(?:\.\d+)?|\d+\.\d+) +)?(?:\[(0x[\da-f]+|\w+)\] *)? */;

/** `module->name@library(`; the name may have a signature of its own, as C++ names have. */
const NAME =
  /^(?:[^\s()<>"]+->)?(operator (?:new|delete)(?:\[\])?(?:\([^()]*\))?|\w+)(?:@[^\s()]+)?\(/;

const RESUMED = /^<\.\.\. (.+?) resumed> ?/;
const UNFINISHED = / *<(?:unfinished|no return) \.\.\.>$/;

/** The rest of a line of one of malloc's functions, whose arguments are numbers. */
const ARGUMENTS = /^([^()]*)\)(?: *= (\S+)(?: <\d+\.\d+>)?)?$/;

/** Signals, ends of processes, exec, and ltrace's own messages: no calls. */
const EVENT = /^(?:(?:\+\+\+|---) |unexpected breakpoint )/;

/** What only ltrace prints. Its results are in column 50. */
const SIGN =
  /<unfinished \.\.\.>$|<\.\.\. .{1,200} resumed>|^[^"]{0,60}(?:\+\+\+ (?:exited|killed)|--- (?:SIG|Called exec))|^[^"(]{0,200}\w->(?:operator |\w+\()|^(?=.{49}= ).{0,47}\) {2}/;

/** A line of any function; a string argument may have any text. */
const FUNCTION = /^[^\s(].*(?:\).*= ?\S|<unfinished \.\.\.>$|<no return \.\.\.>|<detached \.\.\.>)/;

/** Nested calls of one thread; more are a hostile log's. */
const MOST_OPEN = 64;

/** µs. From here on, a time is a date; less is the time since the line before. */
const EPOCH = 1e8 * 1e6;

export const LTRACE: LogFormat = {
  name: "ltrace",
  origin: "ltrace",
  addresses: "glibc",
  remarks: [
    "ltrace shows the calls that the traced modules make: without -x '*alloc+free@libc.so*', blocks that a library allocates are missing, also those of strdup",
  ],
  recognises: (lines) =>
    lines.some((line) => SIGN.test(line)) && mostMatch(lines.map(withoutHead), FORM),
  open: (calls) => new LtraceReader(calls),
};

const FORM = new RegExp(`${EVENT.source}|${RESUMED.source}|${FUNCTION.source}`);

function withoutHead(line: string): string {
  return line.replace(HEAD, "");
}

/** A call that has begun. */
interface Begun {
  readonly name: string;
  /** null: a function that is none of malloc's */
  readonly call: NativeCall | null;
  /** what the line shows of the arguments and the result */
  readonly text: string;
  readonly caller: number;
  /** the block that this call, a free, or a call inside this one has been written for; 0: none yet */
  block: number;
}

/** What a line says besides the call. */
interface Place {
  readonly tid?: number;
  readonly time?: number;
}

class LtraceReader implements LineReader {
  readonly #calls: CallWriter;
  /** the unfinished calls of each thread, outermost first */
  readonly #begun = new Map<number, Begun[]>();
  /** µs: with -r, the sum of the times so far */
  #sum = 0;

  constructor(calls: CallWriter) {
    this.#calls = calls;
  }

  read(whole: string): LineKind {
    const line = whole.trimEnd();
    const [head = "", inBrackets, bare, clock, ip] = HEAD.exec(line) ?? [];
    const pid = inBrackets ?? bare;
    const place: Place = {
      ...(pid === undefined ? {} : { tid: Number(pid) }),
      ...(clock === undefined ? {} : { time: this.#timeOf(clock) }),
    };
    const text = line.slice(head.length);
    if (EVENT.test(text)) {
      if (text.startsWith("+++")) {
        this.#begun.delete(place.tid ?? 0);
      }
      return LineKind.other;
    }
    const resumed = RESUMED.exec(text);
    if (resumed !== null) {
      return this.#resume(resumed[1] ?? "", text.slice(resumed[0].length), place);
    }
    const named = NAME.exec(text);
    const name = named?.[1] ?? "";
    const begun: Begun = {
      name,
      call: callNamed(name),
      text: named === null ? "" : text.slice(named[0].length).replace(UNFINISHED, ""),
      caller: addressOf(ip ?? ""),
      block: 0,
    };
    if (UNFINISHED.test(text)) {
      this.#begin(begun, place);
      return begun.call === null ? LineKind.other : LineKind.call;
    }
    if (begun.call === null) {
      return FUNCTION.test(text) ? LineKind.other : LineKind.malformed;
    }
    return this.#write(begun, "", place) ? LineKind.call : LineKind.malformed;
  }

  #begin(begun: Begun, place: Place): void {
    if (begun.call?.op === Op.free) {
      this.#write(begun, ")", place);
    }
    const open = this.#openOf(place);
    if (open.length === MOST_OPEN) {
      open.shift();
    }
    open.push(begun);
    this.#begun.set(place.tid ?? 0, open);
  }

  #resume(name: string, rest: string, place: Place): LineKind {
    const open = this.#openOf(place);
    const plain = /^[^\s(]+/.exec(name)?.[0] ?? "";
    const at = open.findLastIndex((one) => one.name === name || one.name === plain);
    const [begun] = at < 0 ? [] : open.splice(at);
    if (begun === undefined) {
      return callNamed(name) === null ? LineKind.other : LineKind.malformed;
    }
    if (begun.call === null) {
      return LineKind.other;
    }
    const isDone = begun.call.op === Op.free || this.#write(begun, rest, place);
    return isDone ? LineKind.call : LineKind.malformed;
  }

  /** Writes the call, with the rest of its text, unless a call in it has been written. Returns false if it is not whole. */
  #write(begun: Begun, rest: string, place: Place): boolean {
    const { call, text, caller } = begun;
    const [, list = "", result = null] = ARGUMENTS.exec(`${text}${rest}`) ?? [];
    const made = call === null ? null : callOf(call, list.split(/, */, 3), result);
    if (made === null) {
      return false;
    }
    const open = this.#openOf(place);
    const { op, pointerIn = 0, pointerOut = 0 } = made;
    const isDone =
      op === Op.free
        ? pointerIn !== 0 &&
          open.some((outer) => outer.call?.op === op && outer.block === pointerIn)
        : pointerOut !== 0 && begun.block === pointerOut;
    if (op === Op.free) {
      begun.block = pointerIn;
    }
    if (isDone) {
      return true;
    }
    for (const outer of op === Op.free ? [] : open) {
      outer.block = pointerOut;
    }
    this.#calls.write({ ...made, ...place, ...(caller === 0 ? {} : { caller }) });
    return true;
  }

  #openOf({ tid = 0 }: Place): Begun[] {
    return this.#begun.get(tid) ?? [];
  }

  /** In µs. */
  #timeOf(text: string): number {
    const [hours, minutes, seconds] = text.split(":").map(Number);
    if (minutes !== undefined && seconds !== undefined) {
      return ((hours ?? 0) * 3600 + minutes * 60 + seconds) * 1e6;
    }
    const time = Number(text) * 1e6;
    this.#sum += time;
    return time >= EPOCH ? time : this.#sum;
  }
}

function addressOf(text: string): number {
  const address = numberOf(text);
  return Number.isNaN(address) ? 0 : address;
}
