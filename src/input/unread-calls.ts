import { Op } from "../trace/event.ts";
import { CXX_DELETE, CXX_NEW, findCall } from "./formats/native/calls.ts";

/** The calls whose unread lines are counted apart: without one of them, blocks are missing or never end. */
export const CALL_KINDS = ["malloc", "calloc", "realloc", "memalign", "free"] as const;

export type CallKind = (typeof CALL_KINDS)[number];

/** A name of a call may stand anywhere before this. */
const SEARCHED_BYTES = 1024;

/** What follows a call's name: arguments, or the second half of a line that ltrace has split. */
const FOLLOWED = /^(?:[ \t]*(?:\[\][ \t]*)?\(|[ \t]+-?\d|[ \t]+resumed\b)/;

/**
 * The kind of the first call that the malformed line `bytes[start, end)` names; null if it names none. A name alone does
 * not make a call, since a program's own messages may stand in the log.
 */
export function kindOfCall(bytes: Buffer, start: number, end: number): CallKind | null {
  const text = bytes.toString("latin1", start, Math.min(end, start + SEARCHED_BYTES));
  for (const { 0: word, index } of text.matchAll(/\w+/g)) {
    const at = start + index;
    const kind = kindOfName(bytes, at, at + word.length);
    if (kind !== null && FOLLOWED.test(text.slice(index + word.length))) {
      return kind;
    }
  }
  return null;
}

/** Null: the operation is none of these calls. */
export function kindOfOp(op: Op): CallKind | null {
  return KIND_OF_OP[op] ?? null;
}

function kindOfName(bytes: Buffer, start: number, end: number): CallKind | null {
  const call = findCall(bytes, start, end);
  if (call !== null) {
    return kindOfOp(call.op);
  }
  const name = bytes.toString("latin1", start, end);
  const isOperator = bytes.toString("latin1", Math.max(0, start - 9), start) === "operator ";
  const operator = [CXX_NEW, CXX_DELETE].find((one) => one.name.toString() === name);
  return isOperator && operator !== undefined ? kindOfOp(operator.op) : null;
}

const KIND_OF_OP: Readonly<Partial<Record<Op, CallKind>>> = {
  [Op.malloc]: "malloc",
  [Op.calloc]: "calloc",
  [Op.realloc]: "realloc",
  [Op.memalign]: "memalign",
  [Op.valloc]: "memalign",
  [Op.pvalloc]: "memalign",
  [Op.free]: "free",
};
