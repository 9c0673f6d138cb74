import { Op } from "../../../trace/event.ts";

/** The arguments in the parentheses, in order, and whether a result must follow. */
export const Shape = {
  /** (size) = pointer */
  size: 0,
  /** (count, size) = pointer */
  countSize: 1,
  /** (pointer, size) = pointer */
  pointerSize: 2,
  /** (pointer, count, size) = pointer */
  pointerCountSize: 3,
  /** (alignment, size) = pointer */
  alignSize: 4,
  /** (alignment, size) = pointer, or C's arguments: (address of the pointer, alignment, size) = pointer */
  posixMemalign: 5,
  /** (pointer) [= <void>] */
  pointer: 6,
  /** (size[, anything]) = pointer */
  cxxNew: 7,
  /** (size, alignment[, anything]) = pointer */
  cxxNewAligned: 8,
  /** (pointer[, anything]) [= <void>] */
  cxxDelete: 9,
  /** (pad) [= integer] */
  trim: 10,
  /** (integer, integer) [= integer] */
  mallopt: 11,
  /** () */
  nothing: 12,
  /** (any text, up to the last parenthesis of the line) */
  label: 13,
} as const;

export type Shape = (typeof Shape)[keyof typeof Shape];

export interface NativeCall {
  readonly name: Buffer;
  readonly op: Op;
  readonly shape: Shape;
}

/**
 * The calls of the native format. C++ operators stand as in C++ (CXX_OPERATOR below; they may contain blanks) or mangled:
 * Zn new, Zd delete, w one object, a an array, St11align_val_t with an alignment, RKSt9nothrow_t not throwing.
 */
const CALLS: readonly NativeCall[] = [
  ...named(Op.malloc, Shape.size, "malloc"),
  ...named(Op.calloc, Shape.countSize, "calloc"),
  ...named(Op.realloc, Shape.pointerSize, "realloc"),
  ...named(Op.realloc, Shape.pointerCountSize, "reallocarray"),
  ...named(Op.memalign, Shape.alignSize, "memalign", "aligned_alloc"),
  ...named(Op.memalign, Shape.posixMemalign, "posix_memalign"),
  ...named(Op.valloc, Shape.size, "valloc"),
  ...named(Op.pvalloc, Shape.size, "pvalloc"),
  ...named(Op.free, Shape.pointer, "free", "cfree"),
  ...named(Op.mallocTrim, Shape.trim, "malloc_trim"),
  ...named(Op.mallopt, Shape.mallopt, "mallopt"),
  ...named(Op.threadExit, Shape.nothing, "thread_exit"),
  ...named(Op.mark, Shape.label, "mark"),
  ...named(Op.malloc, Shape.cxxNew, "_Znwm", "_Znam", "_ZnwmRKSt9nothrow_t", "_ZnamRKSt9nothrow_t"),
  ...named(
    Op.memalign,
    Shape.cxxNewAligned,
    "_ZnwmSt11align_val_t",
    "_ZnamSt11align_val_t",
    "_ZnwmSt11align_val_tRKSt9nothrow_t",
    "_ZnamSt11align_val_tRKSt9nothrow_t",
  ),
  ...named(
    Op.free,
    Shape.cxxDelete,
    "_ZdlPv",
    "_ZdaPv",
    "_ZdlPvm",
    "_ZdaPvm",
    "_ZdlPvRKSt9nothrow_t",
    "_ZdaPvRKSt9nothrow_t",
    "_ZdlPvSt11align_val_t",
    "_ZdaPvSt11align_val_t",
    "_ZdlPvmSt11align_val_t",
    "_ZdaPvmSt11align_val_t",
  ),
];

/** The names in `CALLS`, of letters, digits and _. */
export const CALL_NAMES: readonly string[] = CALLS.map(({ name }) => name.toString());

export const CXX_OPERATOR = Buffer.from("operator");
export const CXX_NEW: NativeCall = { name: Buffer.from("new"), op: Op.malloc, shape: Shape.cxxNew };
export const CXX_DELETE: NativeCall = {
  name: Buffer.from("delete"),
  op: Op.free,
  shape: Shape.cxxDelete,
};

const BY_LENGTH: (readonly NativeCall[])[] = [];
for (const call of CALLS) {
  BY_LENGTH[call.name.length] = [...(BY_LENGTH[call.name.length] ?? []), call];
}

/** The call named `bytes[start, end)`, a word of letters, digits and _; null if there is none. */
export function findCall(bytes: Buffer, start: number, end: number): NativeCall | null {
  const candidates = BY_LENGTH[end - start];
  if (candidates !== undefined) {
    for (const call of candidates) {
      if (startsWith(bytes, start, call.name)) {
        return call;
      }
    }
  }
  return null;
}

/** True if `word` is at index `at` of `bytes`, where a byte follows that is not in the word. */
export function startsWith(bytes: Buffer, at: number, word: Buffer): boolean {
  for (let i = 0; i < word.length; i++) {
    if (bytes[at + i] !== word[i]) {
      return false;
    }
  }
  return true;
}

function named(op: Op, shape: Shape, ...names: string[]): NativeCall[] {
  return names.map((name) => ({ name: Buffer.from(name), op, shape }));
}
