import { Op } from "../../trace/event.ts";
import type { Call } from "./call-writer.ts";
import { CXX_DELETE, CXX_NEW, findCall, type NativeCall, Shape } from "./native/calls.ts";

const KNOWN = new Map<string, NativeCall | null>();

/** Names of functions in one log: a program has some thousand, a hostile log any number. */
const MOST_KNOWN = 10_000;

/** The call that a function makes; null: it is none of malloc's. C++ operators may have their signatures. */
export function callNamed(name: string): NativeCall | null {
  let call = KNOWN.get(name);
  if (call === undefined) {
    call = found(name);
    if (KNOWN.size < MOST_KNOWN) {
      KNOWN.set(name, call);
    }
  }
  return call;
}

function found(name: string): NativeCall | null {
  const [, operator, parameters = ""] =
    /^operator (new|delete)(?:\[\])?(\([^()]*\))?$/.exec(name) ?? [];
  if (/, *void *\*\)$/.test(parameters)) {
    // Placement: the program gives the memory.
    return null;
  }
  if (operator === "delete") {
    return CXX_DELETE;
  }
  if (operator === "new") {
    return parameters.includes("align_val_t")
      ? { ...CXX_NEW, op: Op.memalign, shape: Shape.cxxNewAligned }
      : CXX_NEW;
  }
  const bytes = Buffer.from(/^(?:__libc_|__)?(\w+)$/.exec(name)?.[1] ?? name);
  // A byte must follow that is not in a name.
  return findCall(Buffer.concat([bytes, Buffer.from("(")]), 0, bytes.length);
}

/**
 * The call with these arguments, as text; further arguments, such as a register's content, are not looked at. `result`: as
 * text, null if none is shown. Returns null if the arguments or the result do not tell a call: posix_memalign returns an
 * error number, so that its block's address is missing.
 */
export function callOf(
  { op, shape }: NativeCall,
  args: readonly string[],
  result: string | null,
): Call | null {
  const [a = Number.NaN, b = Number.NaN, c = Number.NaN] = args.slice(0, 3).map(numberOf);
  const pointerOut = result === null ? Number.NaN : numberOf(result);
  const call = { op, pointerOut };
  switch (shape) {
    case Shape.size:
    case Shape.cxxNew:
      return valid({ ...call, size: a });
    case Shape.countSize:
      return valid({ ...call, size: a * b });
    case Shape.pointerSize:
      return valid({ ...call, pointerIn: a, size: b });
    case Shape.pointerCountSize:
      return valid({ ...call, pointerIn: a, size: b * c });
    case Shape.alignSize:
      return valid({ ...call, align: a, size: b });
    case Shape.posixMemalign:
      return result !== null && /^(?:0x|\(?nil)/i.test(result)
        ? valid(args.length > 2 ? { ...call, align: b, size: c } : { ...call, align: a, size: b })
        : null;
    case Shape.cxxNewAligned:
      return valid({ ...call, size: a, align: b });
    case Shape.pointer:
    case Shape.cxxDelete:
      return valid({ op, pointerIn: a });
    case Shape.trim:
      return valid({ op, size: a });
    case Shape.mallopt:
      // Parameters are negative numbers.
      return valid({ op, align: Number(args[0]), size: Number(args[1]) });
    case Shape.nothing:
      return { op };
    case Shape.label:
      return null;
    default:
      shape satisfies never;
      return null;
  }
}

/** The first arguments of a list, without blanks around them. */
export function argumentsOf(list: string, most: number): string[] {
  return list.split(",", most).map((text) => text.trim());
}

/** The call, if all its numbers are there. */
function valid(call: Call): Call | null {
  return Object.values(call).every(Number.isInteger) ? call : null;
}

/** A size or a pointer as text, not negative: decimal, or hexadecimal with 0x, or a word for NULL; NaN: none. */
export function numberOf(text: string): number {
  if (/^\d{1,20}$|^0x[\da-f]{1,16}$/i.test(text)) {
    return Number(text);
  }
  return /^(?:\(?(?:nil|null)\)?|none|-)$/i.test(text) ? 0 : Number.NaN;
}

/** A pointer as text, which may be hexadecimal without 0x; NaN: none. */
export function pointerOf(text: string): number {
  return /^[\da-f]{1,16}$/i.test(text) ? Number.parseInt(text, 16) : numberOf(text);
}
