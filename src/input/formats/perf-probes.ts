import { Op } from "../../trace/event.ts";
import type { CallWriter } from "./call-writer.ts";
import { roleOfName } from "./field-names.ts";
import { LineKind, type LineReader, type LogFormat, mostMatch } from "./log-format.ts";
import { callNamed, callOf } from "./named-call.ts";
import { type NativeCall, Shape } from "./native/calls.ts";

/**
 * What perf prints of probes at the beginning and at the end of malloc's functions:
 *
 *     perf probe -x /lib/x86_64-linux-gnu/libc.so.6 'malloc bytes=%di:u64'
 *     perf probe -x /lib/x86_64-linux-gnu/libc.so.6 'malloc%return ptr=$retval'
 *     perf record -e 'probe_libc:*' PROGRAM; perf script
 *     demo 12 [000] 84.000017: probe_libc:malloc: (7f11cdda8000) bytes=100
 *     demo 12 [000] 84.000018: probe_libc:malloc__return: (7f11cdda8000 <- 5581a2b01234) ptr=0x5581000002a0
 *
 * The values of a call must be all its arguments. A result belongs to the call of its thread that began last.
 */
export const PERF_PROBES: LogFormat = {
  name: "perf",
  origin: "perf script, of probes that have arguments and results",
  addresses: "glibc",
  remarks: [],
  recognises: (lines) =>
    mostMatch(lines, LINE) &&
    lines.some((line) => LINE.exec(line)?.groups?.["from"] !== undefined) &&
    lines.some((line) => BEGIN.test(line)),
  open: (calls) => new PerfReader(calls),
};

const LINE =
  /^\s{0,40}\S.{0,15}?\s{1,20}(?:(?<pid>\d{1,10})\/)?(?<tid>\d{1,10}) +(?:\[\d+\] +)?(?<seconds>\d{1,12}\.\d{1,9}): +(?:\d{1,20} +)?(?:\w+:)?(?<name>[a-z_]+?)(?:_+ret(?:urn)?)?(?:_\d+)?: +\([\da-f]+(?: <- (?<from>[\da-f]+))?\)(?<values>(?: \w+=\S+)*)$/i;

/** A call of malloc with its argument. */
const BEGIN = /:malloc(?:_\d+)?: \([\da-f]+\) \w+=/;

/** Calls of one thread without a result; more are a hostile log's. */
const MOST_OPEN = 64;

interface Begun {
  readonly call: NativeCall;
  readonly args: readonly string[];
}

class PerfReader implements LineReader {
  readonly #calls: CallWriter;
  readonly #open = new Map<string, Begun[]>();

  constructor(calls: CallWriter) {
    this.#calls = calls;
  }

  read(line: string): LineKind {
    const groups = LINE.exec(line)?.groups;
    if (groups === undefined) {
      return LineKind.malformed;
    }
    const { pid, tid = "", seconds, name = "", from, values = "" } = groups;
    const call = callNamed(name);
    if (call === null) {
      return LineKind.other;
    }
    const args = argumentsIn(values, call);
    const place = {
      tid: Number(tid),
      time: Number(seconds) * 1e6,
      ...(pid === undefined ? {} : { pid: Number(pid) }),
    };
    if (from !== undefined) {
      return this.#end(call, args[0] ?? null, { ...place, caller: Number.parseInt(from, 16) });
    }
    if (call.op === Op.free) {
      return this.#write({ call, args }, null, place);
    }
    const open = this.#open.get(tid) ?? [];
    if (open.length === MOST_OPEN) {
      open.shift();
    }
    open.push({ call, args });
    this.#open.set(tid, open);
    return LineKind.call;
  }

  #end(call: NativeCall, result: string | null, place: Place): LineKind {
    if (call.op === Op.free) {
      return LineKind.other;
    }
    const begun = this.#open.get(String(place.tid))?.pop();
    // C's posix_memalign returns an error number: its block is not in the log.
    return begun?.call !== call || call.shape === Shape.posixMemalign
      ? LineKind.malformed
      : this.#write(begun, result, place);
  }

  #write({ call, args }: Begun, result: string | null, place: Place): LineKind {
    const made = callOf(call, args, result);
    if (made === null) {
      return LineKind.malformed;
    }
    this.#calls.write({ ...made, ...place });
    return LineKind.call;
  }
}

/** The values in the order of the call's arguments: a probe may name realloc's size first. */
function argumentsIn(text: string, { shape }: NativeCall): string[] {
  const named = [...text.matchAll(/(\w+)=(\S+)/g)];
  const values = named.map(([, , value = ""]) => value);
  const isSizeFirst = shape === Shape.pointerSize && roleOfName(named[0]?.[1] ?? "") === "size";
  return isSizeFirst ? values.reverse() : values;
}

interface Place {
  readonly tid: number;
  /** µs */
  readonly time: number;
  readonly pid?: number;
  readonly caller?: number;
}
