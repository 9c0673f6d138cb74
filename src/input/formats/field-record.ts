import { Op } from "../../trace/event.ts";
import type { Call, CallWriter } from "./call-writer.ts";
import type { RecordPlace } from "./columns/text-columns.ts";
import { timeUnit, unitAt } from "./columns/time-unit.ts";
import type { FieldRole } from "./field-names.ts";
import { argumentsOf, callNamed, callOf, numberOf, pointerOf } from "./named-call.ts";
import { opNamed } from "./record-ops.ts";

/** The fields of one record by role, as text; empty or absent: not given. */
export type Fields = ReadonlyMap<FieldRole, string>;

/** How fields are read, as the first records show it. */
export interface FieldForms {
  /** decimals of a time without a clock */
  readonly timeDecimals: 0 | 3 | 6 | 9;
  /** of pointers without 0x */
  readonly pointerBase: 10 | 16;
}

/** `stated`: the decimals that the time's name states; null: none */
export function formsOf(records: readonly Fields[], stated: 3 | 6 | 9 | null): FieldForms {
  const times = records.map((fields) => Number(fields.get("time"))).filter(Number.isFinite);
  const pointers = records.flatMap((fields) =>
    (["pointer", "result", "old"] as const).map((role) => fields.get(role) ?? ""),
  );
  const isHexadecimal = pointers.some((text) => /^(?!0x)(?=.*[a-f])[\da-f]+$/i.test(text));
  return { timeDecimals: stated ?? timeUnit(times), pointerBase: isHexadecimal ? 16 : 10 };
}

/** Writes the calls of records with named fields. */
export class FieldRecords {
  readonly #calls: CallWriter;
  readonly #forms: FieldForms;
  /** numbers of threads that have names */
  readonly #named = new Map<string, number>();
  /** the live blocks: a realloc may not tell which it takes */
  readonly #live = new Set<number>();
  #lacksOld = false;

  constructor(calls: CallWriter, forms: FieldForms) {
    this.#calls = calls;
    this.#forms = forms;
  }

  /** Returns false if the record is no call, or not whole. `place`: what stands around the fields, where these do not say it */
  write(fields: Fields, place: RecordPlace = {}): boolean {
    const call = this.#callOf(fields);
    if (call === null) {
      return false;
    }
    const tid = this.#thread(fields.get("tid")) ?? place.tid ?? null;
    const time = this.#time(fields.get("time")) ?? place.time ?? null;
    const pid = Number(fields.get("pid") ?? place.pid ?? 0);
    const caller = callerOf(fields.get("caller") ?? "");
    this.#calls.write({
      ...call,
      ...(tid === null ? {} : { tid }),
      ...(time === null ? {} : { time }),
      ...(Number.isInteger(pid) && pid > 0 && tid !== null ? { pid } : {}),
      ...(caller === null ? {} : { caller }),
    });
    return true;
  }

  #callOf(fields: Fields): Call | null {
    const name = fields.get("op") ?? "";
    const named = fields.get("arguments");
    const function_ = named === undefined ? null : callNamed(name);
    if (named !== undefined && function_ !== null) {
      const result = fields.get("result") ?? fields.get("pointer") ?? null;
      return callOf(function_, argumentsOf(named, 4), result);
    }
    const op = opNamed(name) ?? callNamed(name)?.op ?? null;
    const [pointer, result, old] = (["pointer", "result", "old"] as const).map((role) =>
      this.#pointer(fields.get(role)),
    );
    const block = result ?? pointer ?? null;
    if (op === Op.threadExit) {
      return { op };
    }
    if (op === Op.free) {
      const freed =
        [pointer, old, result].find((one) => one != null && one !== 0) ?? pointer ?? old;
      return freed == null ? null : this.#freed({ op, pointerIn: freed });
    }
    const size = numberOf((fields.get("size") ?? "").replace(/(?<=\d) ?(?:bytes?|B)$/, ""));
    const count = numberOf(fields.get("count") ?? "");
    const bytes = op === Op.calloc && count > 0 ? size * count : size;
    if (op === null || op > Op.pvalloc || block === null || !(bytes >= 0)) {
      return null;
    }
    if (op === Op.realloc) {
      const from = old ?? (result === null ? null : (pointer ?? null));
      return this.#allocated({
        op,
        size: bytes,
        pointerOut: block,
        pointerIn: from ?? this.#oldOf(block),
      });
    }
    const align = Number(fields.get("align") ?? 0) || 0;
    return this.#allocated({ op, size: bytes, pointerOut: block, ...(align > 0 ? { align } : {}) });
  }

  /** The old block of a realloc that does not tell it: the one in its place, or none. */
  #oldOf(block: number): number {
    if (!this.#lacksOld) {
      this.#lacksOld = true;
      this.#calls.remark(
        "realloc's old block is not in this log: where a block moves, the old one counts as live until its place is used again",
      );
    }
    return this.#live.has(block) ? block : 0;
  }

  #allocated(call: Call): Call {
    this.#live.delete(call.pointerIn ?? 0);
    this.#live.add(call.pointerOut ?? 0);
    return call;
  }

  #freed(call: Call): Call {
    this.#live.delete(call.pointerIn ?? 0);
    return call;
  }

  #pointer(text: string | undefined): number | null {
    if (text === undefined || text === "") {
      return null;
    }
    const value = this.#forms.pointerBase === 16 ? pointerOf(text) : numberOf(text);
    return Number.isNaN(value) ? null : value;
  }

  #thread(text: string | undefined): number | null {
    if (text === undefined || text === "") {
      return null;
    }
    const number = numberOf(text);
    if (number >= 0) {
      return number;
    }
    const known = this.#named.get(text) ?? this.#named.size + 1;
    if (!this.#named.has(text) && this.#named.size < MOST_NAMES) {
      this.#named.set(text, known);
      this.#calls.note(`thread ${known} ${text}`);
    }
    return known;
  }

  /** In µs; of a date, the time of day. */
  #time(text: string | undefined): number | null {
    const [, clock] = /^(?:\d{4}-\d\d-\d\d[T ])?(\d+:\d\d:\d\d(?:[.,]\d+)?)/.exec(text ?? "") ?? [];
    if (clock !== undefined) {
      const [hours = 0, minutes = 0, seconds = 0] = clock.replace(",", ".").split(":").map(Number);
      return ((hours * 60 + minutes) * 60 + seconds) * 1e6;
    }
    const [digits = ""] = /^\d+(?:\.\d+)?/.exec(text ?? "") ?? [];
    const behind = (text ?? "").slice(digits.length);
    const unit = behind === "" ? null : unitAt(Buffer.from(`${behind}\n`), 0);
    if (digits === "" || (behind !== "" && unit === null)) {
      return null;
    }
    return (Number(digits) * 1e6) / 10 ** (unit?.decimals ?? this.#forms.timeDecimals);
  }
}

/** Threads with names; further ones share a number. */
const MOST_NAMES = 100_000;

function callerOf(text: string): number | string | null {
  if (text === "") {
    return null;
  }
  const address = numberOf(text);
  return Number.isNaN(address) ? text : address;
}
